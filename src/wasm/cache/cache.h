// A folder of artifacts, shared by all processes of its owner.
//
//   FOLDER/artifacts/<module>-<environment>       mapped by guests; its mtime says when it was used last
//   FOLDER/artifacts/.<module>-<environment>.new  being made, locked by who makes it
//   FOLDER/digests/<file>                         a link that points to no file: the module's digest
//
// Thread safety: any number of threads and processes may use one folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "os/fd.h"
#include "wasm/artifact/artifact.h"
#include "wasm/cache/file_identity.h"

namespace wherry::wasm {

// An artifact in the making. Nobody else makes the same one, and nothing is left of it if it goes without a
// commit, also when its process is killed (the next one takes the file over).
class CacheEntry {
 public:
  CacheEntry(CacheEntry&&) noexcept = default;
  CacheEntry& operator=(CacheEntry&&) = delete;
  ~CacheEntry();

  // An empty file, to be written by whoever has the descriptor.
  int descriptor() const { return file_.get(); }
  // Puts it in its place, when it is on disk. Requires: nobody has the descriptor any more but this object.
  // Returns it for reading. Throws Error(FailedPrecondition) where what was written is not an artifact for
  // the key.
  os::Fd commit();

 private:
  friend class Cache;
  CacheEntry(const class Cache& cache, os::Fd file, ArtifactKey key)
      : cache_(&cache), file_(std::move(file)), key_(std::move(key)) {}

  const Cache* cache_;
  os::Fd file_;  // its lock is the entry's
  ArtifactKey key_;
};

class Cache {
 public:
  // max_bytes: of all artifacts together, as the disk counts them. The newest one stays whatever its size.
  // Makes the folder where it is missing. Throws Error, also where it is somebody else's or others may write it.
  Cache(std::string folder, std::uint64_t max_bytes);
  // Nothing where there is no such folder yet. Throws as above.
  static std::optional<Cache> open_if_exists(std::string folder, std::uint64_t max_bytes);

  // Open for reading, whole, and for this key; not open where there is none. A file that is anything else
  // (cut, foreign, somebody else's) is taken away. Does not throw: a cache that cannot be read is empty.
  os::Fd find(const ArtifactKey& key) const noexcept;

  // Found by now, or to be made by the caller, or neither: somebody else is at it and is not waited for.
  struct Begun {
    os::Fd found;
    std::optional<CacheEntry> entry;
  };
  enum class Others : bool { AreWaitedFor, GoOn };
  // Requires: the entry goes before this object. Throws Error; also where a signal asks this process to end while it
  // waits (os/interrupt.h).
  Begun begin(const ArtifactKey& key, Others others) const;

  // For those who compile in the background, one at a time: its turn lasts as long as the descriptor, also where
  // that was inherited. Nothing where it is somebody else's. Throws Error.
  std::optional<os::Fd> try_take_turn() const;

  // Of a module's file, where it was remembered.
  std::optional<Digest> digest_of(const FileIdentity& identity) const noexcept;
  // Fails in silence: it is only ever a help.
  void remember(const FileIdentity& identity, const Digest& digest) const noexcept;

  // Whether what is in it can be mapped for execution.
  bool is_executable() const noexcept;
  const std::string& folder() const { return folder_; }
  std::uint64_t max_bytes() const { return max_bytes_; }

 private:
  friend class CacheEntry;
  Cache(std::string folder, std::uint64_t max_bytes, os::Fd directory);
  void trim(const std::string& newest) const;

  std::string folder_;
  std::uint64_t max_bytes_;
  os::Fd artifacts_;
  os::Fd digests_;
};

// Of the module in file, remembered or taken now. process: in whose mount namespace it was opened, 0 for
// this one. Throws Error where it cannot be read or is larger than max_bytes.
Digest module_digest(const Cache& cache, int file, pid_t process, std::uint64_t max_bytes);

}  // namespace wherry::wasm
