// Counts the words of standard input, most frequent first; arguments are words to leave out.
class Entry {
  constructor(
    public word: string,
    public count: i32,
  ) {}
}

function readAll(): string {
  const chunk = new ArrayBuffer(4096);
  let text = "";
  for (let got = process.stdin.read(chunk); got > 0; got = process.stdin.read(chunk)) {
    text += String.UTF8.decode(chunk.slice(0, got));
  }
  return text;
}

const left_out = new Set<string>();
for (let i = 1; i < process.argv.length; i++) left_out.add(process.argv[i]);

const counts = new Map<string, i32>();
const words = readAll().replaceAll("\n", " ").split(" ");
for (let i = 0; i < words.length; i++) {
  const word = words[i].toLowerCase();
  if (word.length == 0 || left_out.has(word)) continue;
  counts.set(word, (counts.has(word) ? counts.get(word) : 0) + 1);
}

const entries = new Array<Entry>();
const keys = counts.keys();
for (let i = 0; i < keys.length; i++) entries.push(new Entry(keys[i], counts.get(keys[i])));
entries.sort((a, b) => (a.count != b.count ? b.count - a.count : a.word < b.word ? -1 : 1));
for (let i = 0; i < min(3, entries.length); i++) {
  console.log(entries[i].count.toString() + " " + entries[i].word);
}
process.stderr.write(words.length.toString() + " words\n");
process.exit(entries.length);
