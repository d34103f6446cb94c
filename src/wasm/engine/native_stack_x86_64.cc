#include "wasm/engine/native_stack.h"

// Offsets as abi.h asserts them: InstanceHeader::runtime 16, Runtime::activation 0, lowest_call 8, spare_stack
// 16, Activation::host_sp 0, guest_sp 8.
__asm__(R"(
    .text
    .p2align 4
    .globl wherry_enter_compiled
    .hidden wherry_enter_compiled
    .type wherry_enter_compiled, @function
wherry_enter_compiled:
    # thunk rdi, context rsi, slots rdx, native rcx, activation r8, top r9
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %r8
    movq %rsp, (%r8)
    testq %r9, %r9
    cmovneq %r9, %rsp
    movq %r8, %rbx
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    callq *%rax
    movq (%rbx), %rsp
    xorl %eax, %eax
.Lwherry_entered:
    popq %r8
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    retq
    .size wherry_enter_compiled, . - wherry_enter_compiled

    .globl wherry_leave_compiled
    .hidden wherry_leave_compiled
    .type wherry_leave_compiled, @function
wherry_leave_compiled:
    movq (%rdi), %rsp
    movl $1, %eax
    jmp .Lwherry_entered
    .size wherry_leave_compiled, . - wherry_leave_compiled

    .type wherry_exhausted, @function
wherry_exhausted:
    # runtime rax, instance rdi
    leaq wherry_helper_exhausted(%rip), %r11
wherry_trap:
    movq 16(%rax), %rsp
    callq *%r11
    ud2
    .size wherry_exhausted, . - wherry_exhausted

)");

// A stub begins with: instance rdi, further arguments as the helper wants them. Most jump to their helper, which
// returns to the guest; the one that never returns changes to the spare stack.
#define WHERRY_BEGIN_STUB(name)                                          \
  ".p2align 4\n.globl wherry_stub_" #name "\n.hidden wherry_stub_" #name \
  "\n.type wherry_stub_" #name ", @function\nwherry_stub_" #name         \
  ":\nmovq 16(%rdi), %rax\n"                                             \
  "movq (%rax), %r10\nmovq %rsp, 8(%r10)\n"
#define WHERRY_STUB_v(name)  \
  __asm__(WHERRY_BEGIN_STUB( \
      name) "cmpq 8(%rax), %rsp\njb wherry_exhausted\njmp wherry_helper_" #name "\n");
#define WHERRY_STUB_i(name) WHERRY_STUB_v(name)
#define WHERRY_STUB_l(name) WHERRY_STUB_v(name)
#define WHERRY_STUB_n(name) \
  __asm__(WHERRY_BEGIN_STUB(name) "leaq wherry_helper_" #name "(%rip), %r11\njmp wherry_trap\n");
#define WHERRY_HELPER(name, result, parameters) WHERRY_STUB_##result(name)
#include "wasm/abi/helpers.def"
#undef WHERRY_HELPER
