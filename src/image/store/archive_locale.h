// libarchive converts names between the archive's character set and the locale's. Names in images
// are bytes that are UTF-8 by convention; a program that never called setlocale would lose them.
#pragma once

#include <clocale>

namespace wherry::image {

// Makes UTF-8 this thread's character set for as long as it lives. The C library has C.UTF-8 built
// in: nothing is loaded for it.
class Utf8Locale {
 public:
  Utf8Locale() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{})) {
    if (utf8_) former_ = ::uselocale(utf8_);
  }
  ~Utf8Locale() {
    if (!utf8_) return;
    ::uselocale(former_);
    ::freelocale(utf8_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t utf8_;
  locale_t former_{};
};

}  // namespace wherry::image
