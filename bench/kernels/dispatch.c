// Calls through function pointers: a scene of shapes with a table of functions each, asked in an
// order the branch predictor cannot know, and closures composed in chains.
#include "kernel.h"

enum { kShapes = 4096, kPasses = 64 };

struct Shape;

struct ShapeKind {
  double (*area)(const struct Shape*);
  void (*scale)(struct Shape*, double);
  uint32_t (*corners)(const struct Shape*);
};

struct Shape {
  const struct ShapeKind* kind;
  double width, height;
};

static double rectangle_area(const struct Shape* s) { return s->width * s->height; }
static double triangle_area(const struct Shape* s) { return s->width * s->height * 0.5; }
static double ellipse_area(const struct Shape* s) { return s->width * s->height * 0.785398; }
static double line_area(const struct Shape* s) { return s->width * 0; }

static void scale_both(struct Shape* s, double by) {
  s->width *= by;
  s->height *= by;
}
static void scale_width(struct Shape* s, double by) { s->width *= by; }

static uint32_t no_corners(const struct Shape* s) { return s->width < 0; }
static uint32_t two_corners(const struct Shape* s) { return 2 + (s->width < 0); }
static uint32_t three_corners(const struct Shape* s) { return 3 + (s->width < 0); }
static uint32_t four_corners(const struct Shape* s) { return 4 + (s->width < 0); }

static const struct ShapeKind kKinds[] = {
    {rectangle_area, scale_both, four_corners},
    {triangle_area, scale_both, three_corners},
    {ellipse_area, scale_both, no_corners},
    {line_area, scale_width, two_corners},
};

static struct Shape shapes[kShapes];

static uint64_t unit(int round) {
  if (round == 0) {
    for (int i = 0; i < kShapes; ++i) {
      shapes[i].kind = &kKinds[random_below(4)];
      shapes[i].width = 1 + random_unit();
      shapes[i].height = 1 + random_unit();
    }
  }
  double area = 0;
  uint32_t corners = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    double by = pass % 2 ? 0.5 : 2.0;
    for (int i = 0; i < kShapes; ++i) {
      struct Shape* shape = &shapes[i];
      shape->kind->scale(shape, by);
      area += shape->kind->area(shape);
      corners += shape->kind->corners(shape);
    }
  }
  return mix(bits_of(area), corners);
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "dispatch", unit); }
