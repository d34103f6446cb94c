// index.json of the layout: which manifests are images, and what they are called.
//
// An entry is one name of one manifest, or a manifest without a name. Names are written twice:
// io.containerd.image.name in full, for containerd and Docker; org.opencontainers.image.ref.name in
// the familiar form, for skopeo. What other tools wrote is read as far as it makes sense.
//
// Functions here take an Index and change it; reading and writing the file is the store's.
#pragma once

#include <optional>
#include <vector>

#include "oci/image.h"
#include "oci/reference.h"

namespace wherry::image {

// The name an entry bears, if any.
std::optional<oci::Reference> name_of(const oci::Descriptor& entry);

// Gives manifest the name. Whatever else bore it keeps an entry without a name.
void set_name(oci::Index& index, const oci::Descriptor& manifest, const oci::Reference& name);

// Makes sure that manifest has an entry, named or not.
void keep(oci::Index& index, const oci::Descriptor& manifest);

// Takes the name away, and the image with it if it was its last.
void drop_name(oci::Index& index, const oci::Reference& name);

void drop_image(oci::Index& index, const Digest& manifest);

// The entries of one manifest each: its first descriptor without annotations, and all its names.
struct NamedManifest {
  oci::Descriptor target;
  std::vector<oci::Reference> names;  // sorted by their text
};
std::vector<NamedManifest> by_manifest(const oci::Index& index);

}  // namespace wherry::image
