// Which snapshot an image's layers make. For the .cc files of this folder.
#pragma once

#include "image/store/store.h"

namespace wherry::image {

// The name of the snapshot: the chain ID of the layers. Throws where manifest and config disagree.
Digest snapshot_key(const Image& image);

}  // namespace wherry::image
