#include "image/store/index.h"

#include <algorithm>

namespace wherry::image {
namespace {

oci::Descriptor without_name(oci::Descriptor entry) {
  entry.annotations.erase(oci::annotation::kRefName);
  entry.annotations.erase(oci::annotation::kImageName);
  return entry;
}

bool has_entry(const oci::Index& index, const Digest& manifest) {
  return std::ranges::find(index.manifests, manifest, &oci::Descriptor::digest) !=
         index.manifests.end();
}

}  // namespace

std::optional<oci::Reference> name_of(const oci::Descriptor& entry) {
  for (const char* key : {oci::annotation::kImageName, oci::annotation::kRefName}) {
    if (auto found = entry.annotations.find(key); found != entry.annotations.end()) {
      if (auto name = oci::parse_reference_if_valid(found->second); name && !name->digest) {
        return name;
      }
    }
  }
  return std::nullopt;
}

void keep(oci::Index& index, const oci::Descriptor& manifest) {
  if (!has_entry(index, manifest.digest)) index.manifests.push_back(without_name(manifest));
}

void set_name(oci::Index& index, const oci::Descriptor& manifest, const oci::Reference& name) {
  std::vector<oci::Descriptor> former;
  std::erase_if(index.manifests, [&](const oci::Descriptor& entry) {
    if (name_of(entry) == name) {
      former.push_back(entry);
      return true;
    }
    return entry.digest == manifest.digest && !name_of(entry);
  });
  oci::Descriptor entry = without_name(manifest);
  entry.annotations[oci::annotation::kRefName] = oci::familiar(name);
  entry.annotations[oci::annotation::kImageName] = oci::to_string(name);
  index.manifests.push_back(std::move(entry));
  for (const oci::Descriptor& each : former) keep(index, each);
}

void drop_name(oci::Index& index, const oci::Reference& name) {
  std::erase_if(index.manifests,
                [&](const oci::Descriptor& entry) { return name_of(entry) == name; });
}

void drop_image(oci::Index& index, const Digest& manifest) {
  std::erase_if(index.manifests,
                [&](const oci::Descriptor& entry) { return entry.digest == manifest; });
}

std::vector<NamedManifest> by_manifest(const oci::Index& index) {
  std::vector<NamedManifest> all;
  for (const oci::Descriptor& entry : index.manifests) {
    auto found = std::ranges::find_if(
        all, [&](const NamedManifest& each) { return each.target.digest == entry.digest; });
    if (found == all.end()) {
      all.push_back({.target = without_name(entry), .names = {}});
      found = std::prev(all.end());
    }
    if (auto name = name_of(entry)) found->names.push_back(std::move(*name));
  }
  for (NamedManifest& each : all) {
    std::ranges::sort(each.names, {}, [](const oci::Reference& name) { return to_string(name); });
  }
  return all;
}

}  // namespace wherry::image
