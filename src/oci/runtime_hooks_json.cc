#include "oci/runtime_hooks_json.h"

namespace wherry::oci {
namespace {

using Json = nlohmann::json;

RuntimeHook parse_hook(const Field& field) {
  RuntimeHook hook;
  field.member("path").read(hook.path);
  if (!hook.path.starts_with('/')) field.member("path").refuse("an absolute path");
  field.member("args").read(hook.args);
  field.member("env").read(hook.env);
  field.member("timeout").read(hook.timeout);
  if (hook.timeout == 0u) field.member("timeout").refuse("a number greater than zero");
  return hook;
}

Json hook_json(const RuntimeHook& hook) {
  Json json = {{"path", hook.path}};
  if (!hook.args.empty()) json["args"] = hook.args;
  if (!hook.env.empty()) json["env"] = hook.env;
  if (hook.timeout) json["timeout"] = *hook.timeout;
  return json;
}

}  // namespace

RuntimeHooks parse_hooks(const Field& field) {
  RuntimeHooks hooks;
  for (const RuntimeHookStage& stage : kRuntimeHookStages) {
    field.member(stage.name).each([&](const Field& entry) {
      (hooks.*stage.hooks).push_back(parse_hook(entry));
    });
  }
  return hooks;
}

Json hooks_json(const RuntimeHooks& hooks) {
  Json json = Json::object();
  for (const RuntimeHookStage& stage : kRuntimeHookStages) {
    for (const RuntimeHook& hook : hooks.*stage.hooks) {
      json[stage.name].push_back(hook_json(hook));
    }
  }
  return json;
}

}  // namespace wherry::oci
