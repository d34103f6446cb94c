#include "container/local/containers.h"

#include <sys/random.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace wherry::container {
namespace {

std::uint32_t random_below(std::uint32_t limit) {
  std::uint32_t number = 0;
  sys([&] { return ::getrandom(&number, sizeof number, 0); }, "get random bytes");
  return number % limit;
}

std::string made_up_name() {
  constexpr std::array kHow = {"amber",  "brisk", "calm",   "clear", "dawn",  "deep",
                               "eager",  "fair",  "gentle", "happy", "keen",  "light",
                               "merry",  "noble", "plain",  "quick", "quiet", "rapid",
                               "silver", "still", "swift",  "tidal", "warm",  "windy"};
  constexpr std::array kWhat = {"anchor", "barge",  "beacon", "buoy",  "canal",  "creek",
                                "delta",  "dory",   "ferry",  "fjord", "harbor", "heron",
                                "keel",   "lagoon", "mast",   "oar",   "otter",  "pier",
                                "punt",   "reef",   "river",  "sail",  "skiff",  "tern"};
  return fmt::format("{}_{}", kHow[random_below(kHow.size())], kWhat[random_below(kWhat.size())]);
}

void check_container_name(std::string_view name) {
  auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  bool good = !name.empty() && name.size() <= 128 && is_word(name[0]);
  for (char c : name) good = good && (is_word(c) || c == '_' || c == '.' || c == '-');
  if (!good) {
    fail(ErrorKind::InvalidArgument,
         "'{}' is no container name: letters, digits, '_', '.' and '-', a letter or digit first",
         name);
  }
}

}  // namespace

std::string new_container_id() {
  std::array<std::uint8_t, 32> bytes;
  sys([&] { return ::getrandom(bytes.data(), bytes.size(), 0); }, "get random bytes");
  std::string id;
  for (std::uint8_t byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    id += kDigits[byte >> 4];
    id += kDigits[byte & 15];
  }
  return id;
}

HeldContainer::HeldContainer(const LocalContainers& all, Record record, os::Fd lock)
    : all_(all),
      record_(std::move(record)),
      directory_(all.home_of(record_).folder_of(record_.id)),
      lock_(std::move(lock)) {}

HeldContainer::~HeldContainer() {
  if (!kept_) all_.remove_if_possible(record_);
}

void HeldContainer::write(const char* name, std::string_view contents) const {
  all_.home_of(record_).write(record_.id, name, contents);
}

const std::string& HeldContainer::make_layer(const std::string& image) {
  layer_ = all_.layers_.make(image, record_.id);
  return layer_.path;
}

const std::string& HeldContainer::mount_points() const { return all_.layers_.mount_points(); }

void HeldContainer::keep(const Exit& exit) {
  write("exit", fmt::format("{} {}", exit.code, exit.finished));
  kept_ = true;
}

LocalContainers::LocalContainers(const std::string& root, const std::string& run_root)
    : lasting_(root), passing_(run_root), layers_(lasting_.path()) {
  WHERRY_CHECK(lasting_.path() != passing_.path());
}

HeldContainer LocalContainers::create(Record record) const {
  const StateDirectory& home = home_of(record);
  const bool made_up = record.name.empty();
  if (!made_up) check_container_name(record.name);
  os::Fd lock = home.make(record);
  struct Undo {
    const LocalContainers& all;
    const Record& record;
    bool done = false;
    ~Undo() {
      if (!done) all.remove_if_possible({.id = record.id, .remove_at_end = record.remove_at_end});
    }
  } undo{*this, record};
  if (made_up) {
    record.name = free_name(record);
  } else {
    take_name(record.name, record);
  }
  home.write_record(lock, record);
  undo.done = true;
  return HeldContainer(*this, std::move(record), std::move(lock));
}

std::string LocalContainers::claim(const std::string& name, const Record& wanting) const {
  const StateDirectory& home = home_of(wanting);
  const StateDirectory& other = &home == &lasting_ ? passing_ : lasting_;
  if (!home.take_name(name, wanting.id)) return home.holder_of(name);
  // Taken here before it is looked for there: of two who want it at once, in either directory, both
  // may be refused, but never do both get it.
  std::string holder = other.holder_of(name);
  if (!holder.empty()) home.give_name_back(name, wanting.id);
  return holder;
}

void LocalContainers::take_name(const std::string& name, const Record& record) const {
  std::string holder = claim(name, record);
  if (holder.empty()) return;
  fail(ErrorKind::AlreadyExists, "name '{}' is already in use by container '{:.12}'", name, holder);
}

std::string LocalContainers::free_name(const Record& record) const {
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string name = made_up_name();
    // There are 576 of them, and containers that have ended may hold them all.
    if (attempt >= 10) name += fmt::format("_{:.6}", record.id);
    if (claim(name, record).empty()) return name;
  }
  fail(ErrorKind::AlreadyExists, "no free name was found; give one with --name");
}

std::vector<Listed> LocalContainers::list() const {
  sweep();
  std::vector<Listed> all;
  for (const StateDirectory* directory : {&lasting_, &passing_}) {
    for (const std::string& id : directory->ids()) {
      if (auto listed = directory->load(id)) all.push_back(std::move(*listed));
    }
  }
  std::ranges::sort(all, [](const Listed& a, const Listed& b) {
    if (a.record.created != b.record.created) return a.record.created > b.record.created;
    return a.record.id < b.record.id;
  });
  return all;
}

Listed LocalContainers::find(std::string_view name_or_id) const {
  std::optional<Listed> found;
  for (Listed& listed : list()) {
    const Record& record = listed.record;
    if (record.name == name_or_id || record.id == name_or_id) return std::move(listed);
    if (name_or_id.empty() || !record.id.starts_with(name_or_id)) continue;
    if (found) fail(ErrorKind::InvalidArgument, "several ids begin with '{}'", name_or_id);
    found = std::move(listed);
  }
  if (!found) fail(ErrorKind::NotFound, "no container named '{}'", name_or_id);
  return std::move(*found);
}

void LocalContainers::remove(const Listed& listed, Running running) const {
  const Record& record = listed.record;
  if (listed.running) {
    if (running == Running::Refuse) {
      fail(ErrorKind::FailedPrecondition, "container '{}' is running; stop it first, or use -f",
           record.name);
    }
    home_of(record).kill(record);
  }
  remove(record);
}

void LocalContainers::remove(const Record& record) const {
  layers_.remove(record.id);
  home_of(record).remove(record);
}

void LocalContainers::sweep(std::size_t at_most) const {
  for (const std::string& id : passing_.abandoned(at_most)) {
    auto [name, problem] = outcome_of([&] { return passing_.name_of(id); });
    remove_if_possible({.id = id, .name = name.value_or(""), .remove_at_end = true});
  }
  layers_.sweep(at_most, [&](const std::string& id) { return lasting_.has(id); });
}

void LocalContainers::remove_if_possible(const Record& record) const noexcept {
  // Its ephemeral record or its layer, if it has one, is what the next sweep finds.
  (void)outcome_of([&] {
    remove(record);
    return true;
  });
}

}  // namespace wherry::container
