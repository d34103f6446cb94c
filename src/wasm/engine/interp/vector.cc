#include "wasm/engine/interp/vector.h"

#include "base/error.h"
namespace wherry::wasm::interp {
void translate_vector(Assembler&, BodyReader&, Opcode opcode) {
  fail(ErrorKind::Unimplemented, "opcode {}", static_cast<int>(opcode));
}
}  // namespace wherry::wasm::interp
