#include "os/device_filter.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "base/error.h"
#include "os/fd.h"

namespace wherry::os {
namespace {

constexpr unsigned kAllAccess = kDeviceMknod | kDeviceRead | kDeviceWrite;
static_assert(kDeviceMknod == BPF_DEVCG_ACC_MKNOD && kDeviceRead == BPF_DEVCG_ACC_READ &&
              kDeviceWrite == BPF_DEVCG_ACC_WRITE);

// Registers of the program.
constexpr std::uint8_t kResult = 0, kContext = 1, kType = 2, kAccess = 3, kMajor = 4, kMinor = 5,
                       kScratch = 6;

bpf_insn instruction(int code, std::uint8_t destination, std::uint8_t source, std::int16_t offset,
                     std::int32_t immediate) {
  bpf_insn result{};
  result.code = static_cast<std::uint8_t>(code);
  result.dst_reg = destination & 0xf;
  result.src_reg = source & 0xf;
  result.off = offset;
  result.imm = immediate;
  return result;
}

bpf_insn load(std::uint8_t into, std::size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, into, kContext, static_cast<std::int16_t>(offset),
                     0);
}
bpf_insn alu(int operation, std::uint8_t reg, std::uint32_t value) {
  return instruction(BPF_ALU | operation | BPF_K, reg, 0, 0, static_cast<std::int32_t>(value));
}
bpf_insn copy(std::uint8_t into, std::uint8_t from) {
  return instruction(BPF_ALU | BPF_MOV | BPF_X, into, from, 0, 0);
}
// The way it jumps is filled in when the end of the test is known.
bpf_insn jump(int condition, std::uint8_t reg, std::uint32_t value) {
  return instruction(BPF_JMP32 | condition | BPF_K, reg, 0, 0, static_cast<std::int32_t>(value));
}
void decide(std::vector<bpf_insn>& program, bool allow) {
  program.push_back(alu(BPF_MOV, kResult, allow));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

void add_exception(std::vector<bpf_insn>& program, const DeviceException& exception,
                   bool allow_others) {
  std::vector<bpf_insn> test;
  test.push_back(
      jump(BPF_JNE, kType, exception.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR));
  test.push_back(copy(kScratch, kAccess));
  if (allow_others) {
    test.push_back(alu(BPF_AND, kScratch, exception.access));
    test.push_back(jump(BPF_JEQ, kScratch, 0));
  } else {
    test.push_back(alu(BPF_AND, kScratch, ~exception.access & kAllAccess));
    test.push_back(jump(BPF_JNE, kScratch, 0));
  }
  if (exception.major) test.push_back(jump(BPF_JNE, kMajor, *exception.major));
  if (exception.minor) test.push_back(jump(BPF_JNE, kMinor, *exception.minor));
  decide(test, !allow_others);
  for (std::size_t i = 0; i < test.size(); ++i) {
    if (BPF_CLASS(test[i].code) == BPF_JMP32) {
      test[i].off = static_cast<std::int16_t>(test.size() - i - 1);
    }
  }
  program.insert(program.end(), test.begin(), test.end());
}

std::vector<bpf_insn> compile(const DevicePolicy& policy) {
  std::vector<bpf_insn> program;
  program.push_back(load(kType, offsetof(bpf_cgroup_dev_ctx, access_type)));
  program.push_back(copy(kAccess, kType));
  program.push_back(alu(BPF_RSH, kAccess, 16));
  program.push_back(alu(BPF_AND, kType, 0xffff));
  program.push_back(load(kMajor, offsetof(bpf_cgroup_dev_ctx, major)));
  program.push_back(load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)));
  for (const DeviceException& exception : policy.exceptions) {
    add_exception(program, exception, policy.allow_others);
  }
  decide(program, policy.allow_others);
  return program;
}

int bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

}  // namespace

void attach_device_filter(int cgroup, const DevicePolicy& policy) {
  std::vector<bpf_insn> program = compile(policy);
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<std::uint64_t>(program.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.license = reinterpret_cast<std::uint64_t>("Apache-2.0");
  Fd loaded(sys([&] { return bpf(BPF_PROG_LOAD, attributes); }, "load the filter of devices"));

  std::memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = static_cast<std::uint32_t>(cgroup);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  sys([&] { return bpf(BPF_PROG_ATTACH, attributes); }, "attach the filter of devices");
}

}  // namespace wherry::os
