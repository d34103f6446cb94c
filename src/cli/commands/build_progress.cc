#include "cli/commands/build_progress.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <vector>

namespace wherry::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Control characters of a Dockerfile would reach the terminal otherwise.
std::string printable(const std::string& text) {
  std::string result;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  return result;
}

class QuietProgress final : public build::Progress {
 public:
  explicit QuietProgress(std::FILE* to) : to_(to) {}
  void begin(const std::string&) override {}
  void end() override {}
  void notice(const std::string& text) override {
    fmt::print(to_, "warning: {}\n", printable(text));
  }

 private:
  std::FILE* to_;
};

// "#3 [build 2/3] COPY a b", "#3 DONE 0.0s", as BuildKit numbers its steps.
class PlainProgress final : public build::Progress {
 public:
  explicit PlainProgress(std::FILE* to) : to_(to) {}

  void begin(const std::string& step) override {
    start_ = Clock::now();
    fmt::print(to_, "#{} {}\n", ++number_, printable(step));
    std::fflush(to_);
  }
  void end() override {
    fmt::print(to_, "#{} DONE {:.1f}s\n\n", number_, seconds_since(start_));
    std::fflush(to_);
  }
  void notice(const std::string& text) override {
    fmt::print(to_, "warning: {}\n", printable(text));
  }

 private:
  std::FILE* to_;
  int number_ = 0;
  Clock::time_point start_;
};

// All steps so far below one heading; each change draws it anew over the last.
class RedrawnProgress final : public build::Progress {
 public:
  explicit RedrawnProgress(std::FILE* to) : to_(to), start_(Clock::now()) {}

  void begin(const std::string& step) override {
    steps_.push_back({printable(step), Clock::now(), -1});
    draw();
  }
  void end() override {
    steps_.back().seconds = seconds_since(steps_.back().start);
    ++done_;
    draw();
  }
  void notice(const std::string& text) override {
    erase();
    drawn_ = 0;
    fmt::print(to_, "warning: {}\n", printable(text));
    draw();
  }

 private:
  struct Step {
    std::string title;
    Clock::time_point start;
    double seconds;  // negative while it runs
  };

  void erase() const {
    if (drawn_ != 0) fmt::print(to_, "\x1b[{}A\x1b[J", drawn_);
  }

  void draw() {
    erase();
    fmt::print(to_, "[+] Building {:.1f}s ({}/{})\n", seconds_since(start_), done_, steps_.size());
    constexpr std::size_t kShown = 12;
    std::size_t first = steps_.size() > kShown ? steps_.size() - kShown : 0;
    for (std::size_t i = first; i < steps_.size(); ++i) {
      // A line that wraps would not be erased again.
      constexpr std::size_t kWidth = 66;
      const Step& step = steps_[i];
      std::string time = step.seconds < 0 ? std::string() : fmt::format("{:.1f}s", step.seconds);
      fmt::print(to_, " => {:<{}.{}} {:>6}\n", step.title, kWidth, kWidth, time);
    }
    drawn_ = steps_.size() - first + 1;
    std::fflush(to_);
  }

  std::FILE* to_;
  Clock::time_point start_;
  std::vector<Step> steps_;
  std::size_t done_ = 0;
  std::size_t drawn_ = 0;  // lines
};

}  // namespace

std::unique_ptr<build::Progress> make_build_progress(ProgressStyle style, std::FILE* to) {
  switch (style) {
    case ProgressStyle::Quiet:
      return std::make_unique<QuietProgress>(to);
    case ProgressStyle::Plain:
      return std::make_unique<PlainProgress>(to);
    case ProgressStyle::Redrawn:
      return std::make_unique<RedrawnProgress>(to);
  }
  return nullptr;
}

}  // namespace wherry::cli
