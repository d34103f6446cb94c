// Prints the file each argument names, or why it cannot.
#include <dirent.h>
#include <unistd.h>

#include "check.h"

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    char line[64] = "";
    FILE* file = fopen(argv[i], "r");
    if (file && fgets(line, sizeof line, file)) {
      printf("%s", line);
    } else {
      printf("%s: %s\n", argv[i], strerror(errno));
    }
    if (file) fclose(file);
  }
  FILE* made = fopen("made", "w");
  CHECK(made && fputs("made\n", made) >= 0 && fclose(made) == 0);
  return 0;
}
