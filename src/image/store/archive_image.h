// Images in and out of a store as one file: a tar archive of an OCI Image Layout, which skopeo calls
// oci-archive, and which `docker save` and `docker load` understand since version 25.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "image/store/layer_stream.h"
#include "image/store/store.h"

namespace wherry::image {

// Adds every image of the archive, compressed or not. Returns them as they are in the store now.
// Throws where a blob is not what its name says, where the archive is not a layout, and where a Wasm
// image cannot be unpacked; the images of the store are then as they were. Requires: a Lease.
std::vector<Image> load_archive(const Store& store, ByteSource source);

// Writes the images with all their blobs and the names given to a descriptor. Equal images give equal bytes.
void save_archive(const Store& store, const std::vector<Image>& images, int to);

}  // namespace wherry::image
