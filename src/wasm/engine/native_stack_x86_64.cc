#include "wasm/engine/native_stack.h"

// Offsets as abi.h asserts them: InstanceHeader::runtime 16, Runtime::activation 0, Activation::host_sp 0,
// guest_sp 8.
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
    movq %r9, %rsp
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

    .p2align 4
    .type wherry_on_host_stack, @function
wherry_on_host_stack:
    # helper r11, instance rdi, further arguments as they are
    movq 16(%rdi), %rax
    movq (%rax), %rax
    movq %rsp, 8(%rax)
    movq (%rax), %rsp
    pushq %rax
    subq $8, %rsp
    callq *%r11
    movq 8(%rsp), %rcx
    movq 8(%rcx), %rsp
    retq
    .size wherry_on_host_stack, . - wherry_on_host_stack
)");

#define WHERRY_HELPER(name, result, parameters)                                                   \
  __asm__(".globl wherry_stub_" #name "\n.hidden wherry_stub_" #name "\n.type wherry_stub_" #name \
          ", @function\n"                                                                         \
          "wherry_stub_" #name                                                                    \
          ":\n"                                                                                   \
          "leaq wherry_helper_" #name                                                             \
          "(%rip), %r11\n"                                                                        \
          "jmp wherry_on_host_stack\n");
#include "wasm/abi/helpers.def"
#undef WHERRY_HELPER
