#include "container/ttrpc/status.h"

#include <algorithm>
#include <array>

namespace wherry::ttrpc {
namespace {

struct Row {
  ErrorKind kind;
  std::int32_t code;
};
constexpr std::array kRows = {
    Row{ErrorKind::InvalidArgument, 3},   Row{ErrorKind::NotFound, 5},
    Row{ErrorKind::AlreadyExists, 6},     Row{ErrorKind::PermissionDenied, 7},
    Row{ErrorKind::ResourceExhausted, 8}, Row{ErrorKind::FailedPrecondition, 9},
    Row{ErrorKind::Unimplemented, 12},    Row{ErrorKind::Internal, 13},
    Row{ErrorKind::Unavailable, 14},      Row{ErrorKind::DataLoss, 15},
};

}  // namespace

std::int32_t status_code_of(ErrorKind kind) {
  return std::ranges::find(kRows, kind, &Row::kind)->code;
}

ErrorKind kind_of_status(std::int32_t code) {
  const auto* row = std::ranges::find(kRows, code, &Row::code);
  return row == kRows.end() ? ErrorKind::Internal : row->kind;
}

}  // namespace wherry::ttrpc
