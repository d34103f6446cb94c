// JSON (RFC 8259): a recursive-descent parser makes a tree in an arena out of a generated document
// of records with strings, escapes, numbers, lists and nesting; then a walk adds the tree up.
#include "kernel.h"

enum { kMaxDocument = 700000, kRecords = 2200, kMaxNodes = 120000, kMaxDepth = 64 };

enum Kind { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

struct Node {
  enum Kind kind;
  uint32_t name;    // offset into strings, of a member's name
  uint32_t length;  // of a string in bytes; of a list or object in children
  uint32_t text;    // offset into strings
  double number;
  struct Node* first;
  struct Node* next;
};

static char document[kMaxDocument];
static uint32_t document_length;
static struct Node nodes[kMaxNodes];
static uint32_t node_count;
static char strings[kMaxDocument];
static uint32_t string_length;

// ---- the document

static void put(char c) {
  if (document_length < kMaxDocument - 1) document[document_length++] = c;
}

static void put_text(const char* text) {
  while (*text) put(*text++);
}

static void put_number(uint32_t value) {
  char digits[10];
  int count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) put(digits[--count]);
}

static void put_string(uint32_t length) {
  put('"');
  for (uint32_t i = 0; i < length; ++i) {
    uint32_t pick = random_below(64);
    if (pick == 0) {
      put_text("\\n");
    } else if (pick == 1) {
      put_text("\\u00e9");
    } else if (pick == 2) {
      put_text("\\\"");
    } else {
      put((char)(pick < 10 ? ' ' : 'a' + pick % 26));
    }
  }
  put('"');
}

static void put_real(void) {
  if (random_below(2)) put('-');
  put_number(random_below(100000));
  put('.');
  put_number(random_below(1000000));
  if (random_below(4) == 0) {
    put_text(random_below(2) ? "e-" : "e+");
    put_number(random_below(12));
  }
}

static void put_record(uint32_t id) {
  put_text("  {\"id\": ");
  put_number(id);
  put_text(", \"name\": ");
  put_string(6 + random_below(20));
  put_text(random_below(2) ? ", \"active\": true" : ", \"active\": false");
  put_text(", \"parent\": null,\n   \"position\": {\"x\": ");
  put_real();
  put_text(", \"y\": ");
  put_real();
  put_text("}, \"tags\": [");
  uint32_t tags = random_below(6);
  for (uint32_t i = 0; i < tags; ++i) {
    if (i) put_text(", ");
    put_string(3 + random_below(8));
  }
  put_text("],\n   \"history\": [");
  uint32_t entries = random_below(5);
  for (uint32_t i = 0; i < entries; ++i) {
    if (i) put_text(", ");
    put_text("[");
    put_number(next_random());
    put_text(", ");
    put_real();
    put_text("]");
  }
  put_text("], \"note\": ");
  put_string(random_below(90));
  put_text("}");
}

static void make_document(void) {
  put_text("{\"version\": 1, \"records\": [\n");
  for (uint32_t id = 0; id < kRecords; ++id) {
    if (id) put_text(",\n");
    put_record(id);
  }
  put_text("\n]}\n");
}

// ---- the parser: each function returns null, or -1, where the text is not JSON

struct Parser {
  const char* at;
  const char* end;
  int depth;
};

static struct Node* parse_value(struct Parser* parser);

static void skip_space(struct Parser* parser) {
  while (parser->at < parser->end) {
    char c = *parser->at;
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') break;
    ++parser->at;
  }
}

static int take(struct Parser* parser, char wanted) {
  if (parser->at == parser->end || *parser->at != wanted) return 0;
  ++parser->at;
  return 1;
}

static int take_word(struct Parser* parser, const char* word) {
  while (*word) {
    if (!take(parser, *word++)) return 0;
  }
  return 1;
}

static struct Node* new_node(enum Kind kind) {
  if (node_count == kMaxNodes) return 0;
  struct Node* node = &nodes[node_count++];
  node->kind = kind;
  node->name = node->length = node->text = 0;
  node->number = 0;
  node->first = node->next = 0;
  return node;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static void append(uint32_t c) { strings[string_length++] = (char)c; }

static void append_utf8(uint32_t code) {
  if (code < 0x80) {
    append(code);
  } else if (code < 0x800) {
    append(0xc0 | code >> 6);
    append(0x80 | (code & 0x3f));
  } else {
    append(0xe0 | code >> 12);
    append(0x80 | (code >> 6 & 0x3f));
    append(0x80 | (code & 0x3f));
  }
}

static int parse_escape(struct Parser* parser) {
  if (parser->at == parser->end) return -1;
  switch (*parser->at++) {
    case '"':
      append('"');
      return 0;
    case '\\':
      append('\\');
      return 0;
    case '/':
      append('/');
      return 0;
    case 'b':
      append('\b');
      return 0;
    case 'f':
      append('\f');
      return 0;
    case 'n':
      append('\n');
      return 0;
    case 'r':
      append('\r');
      return 0;
    case 't':
      append('\t');
      return 0;
    case 'u':
      break;
    default:
      return -1;
  }
  if (parser->end - parser->at < 4) return -1;
  uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    int digit = hex_digit(*parser->at++);
    if (digit < 0) return -1;
    code = code << 4 | (uint32_t)digit;
  }
  append_utf8(code);
  return 0;
}

// After the opening quote. The length, or -1.
static int parse_string(struct Parser* parser, uint32_t* text) {
  *text = string_length;
  while (parser->at < parser->end) {
    char c = *parser->at++;
    if (c == '"') {
      int length = (int)(string_length - *text);
      append(0);
      return length;
    }
    if ((unsigned char)c < 0x20) return -1;
    if (c != '\\') {
      append((unsigned char)c);
    } else if (parse_escape(parser) < 0) {
      return -1;
    }
  }
  return -1;
}

static double power_of_ten(int exponent) {
  static const double kPowers[] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  return kPowers[exponent > 22 ? 22 : exponent];
}

static int is_digit(const struct Parser* parser) {
  return parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9';
}

static struct Node* parse_number(struct Parser* parser) {
  int negative = take(parser, '-');
  if (!is_digit(parser)) return 0;
  int64_t digits = 0;
  int exponent = 0;
  while (is_digit(parser)) digits = digits * 10 + (*parser->at++ - '0');
  if (take(parser, '.')) {
    if (!is_digit(parser)) return 0;
    for (; is_digit(parser); --exponent) digits = digits * 10 + (*parser->at++ - '0');
  }
  if (take(parser, 'e') || take(parser, 'E')) {
    int below = take(parser, '-');
    if (!below) take(parser, '+');
    if (!is_digit(parser)) return 0;
    int value = 0;
    while (is_digit(parser)) value = value * 10 + (*parser->at++ - '0');
    exponent += below ? -value : value;
  }
  struct Node* node = new_node(kNumber);
  if (node == 0) return 0;
  double number = (double)digits;
  number = exponent < 0 ? number / power_of_ten(-exponent) : number * power_of_ten(exponent);
  node->number = negative ? -number : number;
  return node;
}

static struct Node* parse_array(struct Parser* parser) {
  struct Node* array = new_node(kArray);
  if (array == 0) return 0;
  struct Node** tail = &array->first;
  skip_space(parser);
  if (take(parser, ']')) return array;
  for (;;) {
    struct Node* value = parse_value(parser);
    if (value == 0) return 0;
    *tail = value;
    tail = &value->next;
    ++array->length;
    if (take(parser, ']')) return array;
    if (!take(parser, ',')) return 0;
  }
}

static struct Node* parse_object(struct Parser* parser) {
  struct Node* object = new_node(kObject);
  if (object == 0) return 0;
  struct Node** tail = &object->first;
  skip_space(parser);
  if (take(parser, '}')) return object;
  for (;;) {
    uint32_t name;
    skip_space(parser);
    if (!take(parser, '"') || parse_string(parser, &name) < 0) return 0;
    skip_space(parser);
    if (!take(parser, ':')) return 0;
    struct Node* value = parse_value(parser);
    if (value == 0) return 0;
    value->name = name;
    *tail = value;
    tail = &value->next;
    ++object->length;
    if (take(parser, '}')) return object;
    if (!take(parser, ',')) return 0;
  }
}

static struct Node* parse_text(struct Parser* parser) {
  uint32_t text;
  int length = parse_string(parser, &text);
  struct Node* node = length < 0 ? 0 : new_node(kString);
  if (node == 0) return 0;
  node->text = text;
  node->length = (uint32_t)length;
  return node;
}

// A value with the space around it.
static struct Node* parse_value(struct Parser* parser) {
  skip_space(parser);
  if (parser->at == parser->end || parser->depth == kMaxDepth) return 0;
  ++parser->depth;
  struct Node* node = 0;
  switch (*parser->at) {
    case '{':
      ++parser->at;
      node = parse_object(parser);
      break;
    case '[':
      ++parser->at;
      node = parse_array(parser);
      break;
    case '"':
      ++parser->at;
      node = parse_text(parser);
      break;
    case 't':
      node = take_word(parser, "true") ? new_node(kTrue) : 0;
      break;
    case 'f':
      node = take_word(parser, "false") ? new_node(kFalse) : 0;
      break;
    case 'n':
      node = take_word(parser, "null") ? new_node(kNull) : 0;
      break;
    default:
      node = parse_number(parser);
  }
  --parser->depth;
  skip_space(parser);
  return node;
}

// ---- the sum

static uint64_t add_up(const struct Node* node) {
  uint64_t sum = mix(node->kind, (uint8_t)strings[node->name]);
  switch (node->kind) {
    case kNumber:
      return mix(sum, bits_of(node->number));
    case kString:
      for (uint32_t i = 0; i < node->length; ++i) sum += (uint8_t)strings[node->text + i];
      return sum;
    case kArray:
    case kObject:
      for (const struct Node* child = node->first; child; child = child->next) {
        sum = mix(sum, add_up(child));
      }
      return mix(sum, node->length);
    default:
      return sum;
  }
}

static uint64_t parse_once(int digit) {
  // The digit of the version, so that no two rounds are quite alike.
  document[12] = (char)('0' + digit);
  node_count = 0;
  string_length = 0;
  append(0);
  struct Parser parser = {document, document + document_length, 0};
  const struct Node* root = parse_value(&parser);
  if (root == 0 || parser.at != parser.end) {
    fprintf(stderr, "json: the document does not parse at byte %ld\n",
            (long)(parser.at - document));
    exit(1);
  }
  return mix(add_up(root), node_count);
}

static uint64_t unit(int round) {
  if (round == 0) make_document();
  uint64_t sum = parse_once(round % 10);
  return mix(sum, parse_once((round + 5) % 10));
}

int main(int argc, char** argv) { return run_kernel(argc, argv, "json", unit); }
