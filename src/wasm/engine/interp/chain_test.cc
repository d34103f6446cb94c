// A chain does what its instructions do one by one, whatever their operands.
#include "wasm/engine/interp/chain.h"

#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <random>
#include <vector>

#include "wasm/engine/interp/control.h"
#include "wasm/engine/interp/fused.h"
#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {
namespace {

constexpr std::size_t kPage = 4096;
// Any address, and the offsets that there are here.
constexpr std::size_t kReach = (std::size_t{1} << 32) + (1 << 20);
constexpr std::size_t kSlots = 96;
constexpr std::int64_t kFrame = 40;                    // of the code; the caller's is the first one
constexpr std::int64_t kBehind = 20, kElsewhere = 21;  // slots that say where control went
constexpr std::int64_t kLastOperand = 18;

class ReachableMemory {
 public:
  ReachableMemory()
      : bytes_(static_cast<std::uint8_t*>(::mmap(nullptr, kReach, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                                                 0))) {
    EXPECT_NE(bytes_, MAP_FAILED);
  }
  ~ReachableMemory() { ::munmap(bytes_, kReach); }
  ReachableMemory(const ReachableMemory&) = delete;
  ReachableMemory& operator=(const ReachableMemory&) = delete;

  std::uint8_t* bytes() const { return bytes_; }
  void clear() { ::madvise(bytes_, kReach, MADV_DONTNEED); }
  void protect(std::size_t page, int how) { ::mprotect(bytes_ + page * kPage, kPage, how); }
  // Pages that have something in them.
  std::vector<std::size_t> pages() const {
    std::vector<std::size_t> found;
    std::vector<unsigned char> resident(kReach / kPage);
    EXPECT_EQ(::mincore(bytes_, kReach, resident.data()), 0);
    for (std::size_t i = 0; i < resident.size(); ++i) {
      const std::uint8_t* page = bytes_ + i * kPage;
      if ((resident[i] & 1) && std::any_of(page, page + kPage, [](auto byte) { return byte; })) {
        found.push_back(i);
      }
    }
    return found;
  }

 private:
  std::uint8_t* bytes_;
};

bool is_any_of(Handler handler, std::initializer_list<Handler> handlers) {
  return std::ranges::find(handlers, handler) != handlers.end();
}

bool branches(Handler handler) {
  for (const auto& row : kBranchIf) {
    if (std::ranges::count(row, handler) > 0) return true;
  }
  for (int op = 0; op < static_cast<int>(IntBinary::Count); ++op) {
    for (const auto& row : kIntBranch[op].at) {
      if (std::ranges::count(row, handler) > 0) return true;
    }
  }
  return false;
}

bool steps_and_branches(Handler handler) {
  for (int op = 0; op < static_cast<int>(IntBinary::Count); ++op) {
    for (const bool with_imm : {false, true}) {
      if (step_branch(static_cast<IntBinary>(op), with_imm) == handler) return true;
    }
  }
  return false;
}

// Code of a chain's instructions with operands at random, and all that it needs to run.
class Machine {
 public:
  Machine(const Chain& chain, unsigned seed) : random_(seed) {
    for (Slot& slot : slots_) slot = small();
    globals_ = {small(), small()};
    for (std::size_t i = 0; i < chain.length; ++i) add(chain.parts[i]);
    end(kBehind);
    elsewhere_ = static_cast<std::int64_t>(code_.size());
    end(kElsewhere);
    for (auto [instruction, word, shift] : targets_) {
      code_[word] |= static_cast<Slot>(elsewhere_ - static_cast<std::int64_t>(instruction))
                     << shift;
    }
    for (std::size_t word : cells_) {
      code_[word] = reinterpret_cast<Slot>(&globals_[random_() % globals_.size()]);
    }
    callee_.code = code_.data() + elsewhere_;
    for (std::size_t word : callees_) code_[word] = reinterpret_cast<Slot>(&callee_);
    fp()[kReturnPc] = reinterpret_cast<Slot>(code_.data() + elsewhere_);
    fp()[kCallerFrame] = reinterpret_cast<Slot>(slots_.data());
    context_.stack_end = slots_.data() + slots_.size();
  }

  static void fill(std::uint8_t* memory) {
    static const std::vector<std::uint32_t> words = [] {
      std::mt19937 random(7);
      std::vector<std::uint32_t> made(0x8080);  // for an address and an offset of 16 bits each
      for (std::uint32_t& word : made) word = static_cast<std::uint32_t>(random() % 0xffff);
      return made;
    }();
    std::memcpy(memory, words.data(), words.size() * sizeof(words[0]));
  }

  void run(std::uint8_t* memory) {
    context_.frame = nullptr;
    const auto first = reinterpret_cast<Handler>(code_[0]);
    first(code_.data(), fp(), memory, &context_, 0x1234, Vec{});
  }

  std::vector<Slot>& code() { return code_; }
  std::vector<std::uint32_t>& starts() { return starts_; }
  Slot* fp() { return slots_.data() + kFrame; }
  Context& context() { return context_; }
  // Without what differs between two of the same seed.
  std::vector<Slot> outcome() {
    std::vector<Slot> found = slots_;
    for (Slot& slot : found) {
      if (slot >= reinterpret_cast<Slot>(slots_.data()) &&
          slot < reinterpret_cast<Slot>(slots_.data() + kSlots)) {
        slot -= reinterpret_cast<Slot>(slots_.data());
      } else if (slot >= reinterpret_cast<Slot>(code_.data()) &&
                 slot < reinterpret_cast<Slot>(code_.data() + code_.size())) {
        slot -= reinterpret_cast<Slot>(code_.data());
      } else if (slot == reinterpret_cast<Slot>(&callee_)) {
        slot = 0;
      }
    }
    found.insert(found.end(), globals_.begin(), globals_.end());
    return found;
  }

 private:
  Slot small() { return random_() % 3 == 0 ? random_() % 3 : random_() % 0xffff; }
  Slot operand() { return kHeaderSlots + random_() % (kLastOperand - kHeaderSlots); }

  void emit(Handler handler, Slot d, Slot a, Slot upper) {
    starts_.push_back(static_cast<std::uint32_t>(code_.size()));
    code_.push_back(reinterpret_cast<Slot>(handler));
    code_.push_back(d | a << 16 | upper << 32);
  }

  void add(Handler handler) {
    const std::size_t at = code_.size();
    if (handler == kEnter) {
      emit(handler, kHeaderSlots, random_() % 9, kLastOperand);
    } else if (handler == kCall) {
      emit(handler, kLastOperand + 6, 0, 0);
      callees_.push_back(code_.size());
      code_.push_back(0);
    } else if (is_any_of(handler, {kGlobalGet[0][0], kGlobalGet[0][1], kGlobalSet[0][0],
                                   kGlobalSet[0][1]})) {
      emit(handler, operand(), operand(), 0);
      cells_.push_back(code_.size());
      code_.push_back(0);
    } else if (is_any_of(handler, {kBranchTable[0], kBranchTable[1]})) {
      emit(handler, 0, operand(), 2);
      for (int i = 0; i < 3; ++i) {
        targets_.push_back({at, code_.size(), 0});
        code_.push_back(0);
      }
    } else if (handler == kJump || branches(handler)) {
      emit(handler, operand(), operand(), 0);
      targets_.push_back({at, at + 1, 32});
    } else if (steps_and_branches(handler)) {
      emit(handler, operand(), random_() % 3, operand());
      targets_.push_back({at, code_.size(), 0});
      code_.push_back(0);
    } else {
      emit(handler, operand(), operand(), operand() | random_() % 2 << 16);
    }
  }

  void end(std::int64_t slot) {
    emit(kStoreAcc[0], static_cast<Slot>(slot), 0, 0);
    starts_.push_back(static_cast<std::uint32_t>(code_.size()));
    code_.push_back(reinterpret_cast<Slot>(&leave));
  }

  struct Target {
    std::size_t instruction, word;
    unsigned shift;
  };
  std::mt19937 random_;
  std::vector<Slot> code_;
  std::vector<std::uint32_t> starts_;
  std::vector<Target> targets_;
  std::vector<std::size_t> cells_, callees_;
  std::int64_t elsewhere_ = 0;
  std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
  std::array<Slot, 2> globals_ = {};
  Function callee_;
  Context context_;
};

TEST(ChainTest, DoesWhatItsInstructionsDo) {
  ReachableMemory one_by_one;
  ReachableMemory joined;
  for (const Chain& chain : chains()) {
    for (unsigned seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE(testing::Message() << "chain " << &chain - chains().data() << ", seed " << seed);
      Machine expected(chain, seed);
      Machine::fill(one_by_one.bytes());
      expected.run(one_by_one.bytes());
      Machine found(chain, seed);
      Machine::fill(joined.bytes());
      found.code()[0] = reinterpret_cast<Slot>(chain.handler);
      found.run(joined.bytes());

      EXPECT_EQ(found.outcome(), expected.outcome());
      const std::vector<std::size_t> pages = one_by_one.pages();
      ASSERT_EQ(joined.pages(), pages);
      for (std::size_t page : pages) {
        ASSERT_EQ(
            std::memcmp(joined.bytes() + page * kPage, one_by_one.bytes() + page * kPage, kPage), 0)
            << "page " << page;
      }
      one_by_one.clear();
      joined.clear();
    }
  }
}

TEST(ChainTest, TrapsWhereAnInstructionOfItDoes) {
  std::size_t found = 0;
  for (const Chain& chain : chains()) {
    if (chain.parts[0] != kEnter) continue;
    ++found;
    Machine machine(chain, 1);
    machine.code()[0] = reinterpret_cast<Slot>(chain.handler);
    machine.context().stack_end = machine.fp() + kLastOperand - 1;
    machine.run(nullptr);
    EXPECT_EQ(machine.context().trap, TrapKind::StackExhausted);
    EXPECT_EQ(machine.context().trap_frame, machine.fp());
  }
  EXPECT_GT(found, 0u);
}

// Where a fault's handler looks for the frame (WHERRY_FRAME_IN_REGISTER).
sigjmp_buf after_fault;
const void* register_at_fault = nullptr;
void note_fault(int, siginfo_t*, void* context) {
  register_at_fault = reinterpret_cast<const void*>(
      static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_R13]);
  siglongjmp(after_fault, 1);
}

TEST(ChainTest, FaultsWithItsFrameAtHand) {
  struct sigaction action{};
  struct sigaction before{};
  action.sa_sigaction = &note_fault;
  action.sa_flags = SA_SIGINFO;
  ASSERT_EQ(::sigaction(SIGSEGV, &action, &before), 0);
  ReachableMemory memory;
  std::size_t faults = 0;
  for (const Chain& chain : chains()) {
    // Half of the pages, another half each time: any access may be the first that faults.
    for (unsigned seed = 0; seed < 16; ++seed) {
      SCOPED_TRACE(testing::Message() << "chain " << &chain - chains().data() << ", seed " << seed);
      Machine::fill(memory.bytes());
      std::mt19937 random(seed);
      std::vector<std::size_t> pages;
      for (std::size_t page = 0; page < 0x21; ++page) {
        if (random() % 2 == 0) pages.push_back(page);
      }
      for (std::size_t page : pages) memory.protect(page, PROT_NONE);
      Machine machine(chain, seed);
      machine.code()[0] = reinterpret_cast<Slot>(chain.handler);
      if (sigsetjmp(after_fault, 1) == 0) {
        machine.run(memory.bytes());
      } else {
        ++faults;
#ifdef WHERRY_FRAME_IN_REGISTER
        EXPECT_EQ(register_at_fault, machine.fp());
#else
        EXPECT_EQ(machine.context().frame, machine.fp());
#endif
      }
      for (std::size_t page : pages) memory.protect(page, PROT_READ | PROT_WRITE);
    }
  }
  ASSERT_EQ(::sigaction(SIGSEGV, &before, nullptr), 0);
  EXPECT_GT(faults, chains().size());
}

TEST(ChainTest, IsMadeOfInstructionsThatStandOneBehindTheOther) {
  for (const Chain& chain : chains()) {
    SCOPED_TRACE(testing::Message() << "chain " << &chain - chains().data());
    Machine machine(chain, 1);
    const std::vector<Slot> before = machine.code();
    const auto starts = std::span(machine.starts()).first(chain.length);
    join_chains(machine.code(), starts, {});
    EXPECT_EQ(machine.code()[0], reinterpret_cast<Slot>(chain.handler));
    EXPECT_TRUE(std::equal(before.begin() + 1, before.end(), machine.code().begin() + 1));
  }
}

TEST(ChainTest, HasALoopsHeadFirstOrNotAtAll) {
  for (const Chain& chain : chains()) {
    for (std::size_t head = 1; head < chain.length; ++head) {
      SCOPED_TRACE(testing::Message() << "chain " << &chain - chains().data() << ", head " << head);
      Machine machine(chain, 1);
      const auto starts = std::span(machine.starts()).first(chain.length);
      const std::vector<std::uint32_t> heads = {starts[head]};
      join_chains(machine.code(), starts, heads);
      // What begins before the head ends before it.
      for (std::size_t i = 0; i < head; ++i) {
        const auto handler = reinterpret_cast<Handler>(machine.code()[starts[i]]);
        const auto chosen = std::ranges::find(chains(), handler, &Chain::handler);
        const std::size_t length = chosen == chains().end() ? 1 : chosen->length;
        EXPECT_LE(i + length, head);
      }
    }
  }
}

}  // namespace
}  // namespace wherry::wasm::interp
