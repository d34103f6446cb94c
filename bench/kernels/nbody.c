// Five bodies under gravity, stepped in doubles: loads and stores of struct fields, one square
// root and one division a pair.
#include "kernel.h"

enum { kBodies = 5, kStepsPerUnit = 40000 };

struct Body {
  double x, y, z, vx, vy, vz, mass;
};

static struct Body bodies[kBodies];

static void place(void) {
  double px = 0, py = 0, pz = 0;
  for (int i = 0; i < kBodies; ++i) {
    struct Body* body = &bodies[i];
    double distance = i == 0 ? 0 : 4.0 * i * i;
    body->x = distance * (0.5 + random_unit());
    body->y = distance * (random_unit() - 0.5);
    body->z = distance * (random_unit() - 0.5) * 0.1;
    body->vx = random_unit() - 0.5;
    body->vy = random_unit() + 0.5;
    body->vz = (random_unit() - 0.5) * 0.1;
    body->mass = i == 0 ? 39.5 : 0.04 * random_unit();
    px += body->vx * body->mass;
    py += body->vy * body->mass;
    pz += body->vz * body->mass;
  }
  bodies[0].vx -= px / bodies[0].mass;
  bodies[0].vy -= py / bodies[0].mass;
  bodies[0].vz -= pz / bodies[0].mass;
}

static void step(double dt) {
  for (int i = 0; i < kBodies; ++i) {
    struct Body* one = &bodies[i];
    for (int j = i + 1; j < kBodies; ++j) {
      struct Body* other = &bodies[j];
      double dx = one->x - other->x;
      double dy = one->y - other->y;
      double dz = one->z - other->z;
      double squared = dx * dx + dy * dy + dz * dz + 0.01;
      double force = dt / (squared * __builtin_sqrt(squared));
      one->vx -= dx * other->mass * force;
      one->vy -= dy * other->mass * force;
      one->vz -= dz * other->mass * force;
      other->vx += dx * one->mass * force;
      other->vy += dy * one->mass * force;
      other->vz += dz * one->mass * force;
    }
  }
  for (int i = 0; i < kBodies; ++i) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

static uint64_t unit(int round) {
  if (round == 0) place();
  for (int i = 0; i < kStepsPerUnit; ++i) step(0.0005);
  uint64_t sum = 0;
  for (int i = 0; i < kBodies; ++i) sum = mix(sum, bits_of(bodies[i].x) ^ bits_of(bodies[i].vy));
  return sum;
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "nbody", unit); }
