// reference.mjs FILE...    the lines of `differential_modules run`, from the WebAssembly engine of node
import { readFileSync } from "node:fs";
import { basename } from "node:path";

const fuel = 1000;
const calls = 3;
const argument = {
  i: [0, 17, -0x7fffffff],
  l: [1n, 0xffffffffffffff00n, 0x123456789abcdef0n],
  f: [1.5, -0.0, 3e9],
  d: [-2.25, 1e300, 7.0],
};
const kinds = [
  ["memory access out of bounds", "out of bounds memory access"],
  ["table index is out of bounds", "undefined element"],
  ["null function or function signature mismatch", "no such function"],
  ["divide by zero", "integer divide by zero"],
  ["remainder by zero", "integer divide by zero"],
  ["unrepresentable", "unrepresentable"],
  ["unreachable", "unreachable"],
];

const view = new DataView(new ArrayBuffer(8));
function text(value, type) {
  switch (type) {
    case "i":
      return (value >>> 0).toString(16);
    case "l":
      return BigInt.asUintN(64, value).toString(16);
    case "f":
      if (Number.isNaN(value)) return "nan";
      view.setFloat32(0, value);
      return view.getUint32(0).toString(16);
    default:
      if (Number.isNaN(value)) return "nan";
      view.setFloat64(0, value);
      return view.getBigUint64(0).toString(16);
  }
}

function outcome(call, results) {
  let values;
  try {
    values = call();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    const kind = kinds.find(([words]) => error.message.includes(words));
    return `trap: ${kind ? kind[1] : error.message}`;
  }
  if (results.length === 1) values = [values];
  return [...results].map((type, i) => text(values[i], type) + " ").join("");
}

// FNV-1a over 32-bit words.
function sum(memory) {
  let sum = 0x811c9dc5;
  for (const word of new Uint32Array(memory.buffer)) sum = Math.imul(sum ^ word, 0x01000193);
  return (sum >>> 0).toString(16);
}

for (const path of process.argv.slice(2)) {
  const module = new WebAssembly.Module(readFileSync(path));
  let instance = new WebAssembly.Instance(module);
  const lines = [];
  for (const name of Object.keys(instance.exports)) {
    const [, parameters, results] = name.split(":");
    if (results === undefined) continue;
    for (let call = 0; call < calls; ++call) {
      const { memory, refuel, g1, g2, [name]: f } = instance.exports;
      refuel(fuel);
      const result = outcome(() => f(...[...parameters].map((type) => argument[type][call])), results);
      if (name[0] === "x" && result.startsWith("trap")) {
        lines.push(`${basename(path)} ${name} ${call} ${result}`);
        instance = new WebAssembly.Instance(module);
        continue;
      }
      const globals = `${text(g1.value, "i")} ${text(g2.value, "l")}`;
      lines.push(`${basename(path)} ${name} ${call} ${result} memory ${sum(memory)} globals ${globals}`);
    }
  }
  if (lines.length > 0) console.log(lines.join("\n"));
}
