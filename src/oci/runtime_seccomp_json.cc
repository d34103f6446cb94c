#include "oci/runtime_seccomp_json.h"

#include <nlohmann/json.hpp>

namespace wherry::oci {
namespace {

using Json = nlohmann::json;

void read_argument(const Field& field, SeccompArgument& argument) {
  field.member("index").read(argument.index);
  field.member("value").read(argument.value);
  field.member("valueTwo").read(argument.value_two);
  field.member("op").read(argument.op);
}

void read_calls(const Field& field, SeccompCalls& calls) {
  field.member("names").read(calls.names);
  field.member("action").read(calls.action);
  field.member("errnoRet").read(calls.errno_value);
  field.member("args").each(
      [&](const Field& entry) { read_argument(entry, calls.arguments.emplace_back()); });
}

Json calls_json(const SeccompCalls& calls) {
  Json json = {{"names", calls.names}, {"action", calls.action}};
  if (calls.errno_value) json["errnoRet"] = *calls.errno_value;
  for (const SeccompArgument& argument : calls.arguments) {
    json["args"].push_back({{"index", argument.index},
                            {"value", argument.value},
                            {"valueTwo", argument.value_two},
                            {"op", argument.op}});
  }
  return json;
}

}  // namespace

RuntimeSeccomp read_seccomp(const Field& field) {
  RuntimeSeccomp seccomp;
  field.member("defaultAction").read(seccomp.default_action);
  if (seccomp.default_action.empty()) field.member("defaultAction").refuse("an action");
  field.member("defaultErrnoRet").read(seccomp.default_errno_value);
  field.member("architectures").read(seccomp.architectures);
  field.member("flags").read(seccomp.flags);
  field.member("listenerPath").read(seccomp.listener_path);
  field.member("listenerMetadata").read(seccomp.listener_metadata);
  field.member("syscalls").each([&](const Field& entry) {
    read_calls(entry, seccomp.calls.emplace_back());
  });
  return seccomp;
}

Json seccomp_json(const RuntimeSeccomp& seccomp) {
  Json json = {{"defaultAction", seccomp.default_action}};
  if (seccomp.default_errno_value) json["defaultErrnoRet"] = *seccomp.default_errno_value;
  if (!seccomp.architectures.empty()) json["architectures"] = seccomp.architectures;
  if (!seccomp.flags.empty()) json["flags"] = seccomp.flags;
  if (!seccomp.listener_path.empty()) json["listenerPath"] = seccomp.listener_path;
  if (!seccomp.listener_metadata.empty()) json["listenerMetadata"] = seccomp.listener_metadata;
  for (const SeccompCalls& calls : seccomp.calls) json["syscalls"].push_back(calls_json(calls));
  return json;
}

}  // namespace wherry::oci
