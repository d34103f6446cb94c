// spec_runner --suite DIR [--expected-failures FILE] [--filter SUBSTR] [-v]
//
// Runs every script below DIR: .bin.wast ones, in which modules are given as bytes, command by
// command; the others are in the text format, which is not read, and fail as a whole.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "spec/expected_failures.h"
#include "spec/run_script.h"

namespace wherry::spec {

namespace {

struct Options {
  std::filesystem::path suite;
  std::string expected_failures;
  std::string filter;
  bool verbose = false;
};

struct Counts {
  std::size_t passed = 0;
  std::size_t failed = 0;  // unexpected failures and unexpected passes
  std::size_t expected = 0;
  std::size_t not_applicable = 0;
};

Options parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "-v") {
      options.verbose = true;
      continue;
    }
    if (i + 1 == arguments.size()) fail(ErrorKind::InvalidArgument, "no value for '{}'", name);
    const std::string& value = arguments[++i];
    if (name == "--suite") {
      options.suite = value;
    } else if (name == "--expected-failures") {
      options.expected_failures = value;
    } else if (name == "--filter") {
      options.filter = value;
    } else {
      fail(ErrorKind::InvalidArgument, "unknown option '{}'", name);
    }
  }
  if (options.suite.empty()) fail(ErrorKind::InvalidArgument, "no --suite DIR");
  return options;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(ErrorKind::NotFound, "cannot read '{}'", path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

// Paths below the suite, sorted.
std::vector<std::string> scripts(const Options& options) {
  if (!std::filesystem::is_directory(options.suite)) {
    fail(ErrorKind::NotFound, "no directory '{}'", options.suite.string());
  }
  std::vector<std::string> result;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options.suite)) {
    std::string path = entry.path().lexically_relative(options.suite).string();
    if (path.ends_with(".wast") && path.find(options.filter) != std::string::npos) {
      result.push_back(path);
    }
  }
  std::sort(result.begin(), result.end());
  if (result.empty()) fail(ErrorKind::NotFound, "no script in '{}'", options.suite.string());
  return result;
}

std::vector<Outcome> run_file(const Options& options, const std::string& file) {
  if (!file.ends_with(".bin.wast")) {
    return {{.verdict = Outcome::Verdict::Failed,
             .line = 1,
             .command = "script",
             .detail = "in the text format, which is not read"}};
  }
  return in_context([&] { return file; },
                    [&] { return run_script(parse_script(read_file(options.suite / file))); });
}

void report(const Options& options, const std::string& file, const Outcome& outcome,
            ExpectedFailures& expected, Counts& counts) {
  auto print = [&](std::string_view verdict, std::string_view detail) {
    fmt::print("{}:{}: {}: {}: {}\n", file, outcome.line, outcome.command, verdict, detail);
  };
  switch (outcome.verdict) {
    case Outcome::Verdict::Passed:
      ++counts.passed;
      if (options.verbose) print("passed", outcome.detail);
      return;
    case Outcome::Verdict::NotApplicable:
      ++counts.not_applicable;
      if (options.verbose) print("not applicable", outcome.detail);
      return;
    case Outcome::Verdict::Failed:
      break;
  }
  std::optional<std::string> reason = expected.find(file, outcome.line);
  if (!reason) {
    ++counts.failed;
    print("FAILED", "expected " + outcome.detail);
  } else {
    ++counts.expected;
    if (options.verbose) print("failed as expected (" + *reason + ")", outcome.detail);
  }
}

int run(const Options& options) {
  ExpectedFailures expected;
  if (!options.expected_failures.empty()) {
    expected = in_context([&] { return options.expected_failures; },
                          [&] { return ExpectedFailures(read_file(options.expected_failures)); });
  }
  Counts counts;
  std::vector<std::string> files = scripts(options);
  for (const std::string& file : files) {
    for (const Outcome& outcome : run_file(options, file)) {
      report(options, file, outcome, expected, counts);
    }
  }
  for (const std::string& entry : expected.unused(files)) {
    ++counts.failed;
    fmt::print("{}: FAILED: passes, but is listed as an expected failure\n", entry);
  }
  fmt::print("{} files: {} passed, {} failed, {} expected failures, {} not applicable\n",
             files.size(), counts.passed, counts.failed, counts.expected, counts.not_applicable);
  return counts.failed == 0 ? 0 : 1;
}

}  // namespace

}  // namespace wherry::spec

int main(int argc, char** argv) {
  try {
    return wherry::spec::run(wherry::spec::parse_options({argv + 1, argv + argc}));
  } catch (const wherry::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 2;
  }
}
