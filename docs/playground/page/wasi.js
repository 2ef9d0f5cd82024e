// Runs the program: what it reads is a text, what it writes is a text. Of WASI it gets the seven
// functions that it asks for, and no file, no network and no environment.

const FINE = 0;
const NO_SUCH_FILE = 8;
const [STDIN, STDOUT, STDERR] = [0, 1, 2];

export class Program {
  #module;

  constructor(module) {
    this.#module = module;
  }

  // One question, one answer. Each is asked of a program of its own, so that nothing is left over.
  ask(question) {
    const run = new Run(new TextEncoder().encode(question));
    const instance = new WebAssembly.Instance(this.#module, { wasi_snapshot_preview1: run.wasi() });
    run.memory = instance.exports.memory;
    try {
      instance.exports._start();
    } catch (error) {
      throw new Error(run.text(STDERR) || String(error));
    }
    return run.text(STDOUT);
  }
}

class Run {
  memory;
  #input;
  #written = { [STDOUT]: [], [STDERR]: [] };

  constructor(input) {
    this.#input = input;
  }

  text(file) {
    const decoder = new TextDecoder();
    const parts = this.#written[file].map((bytes) => decoder.decode(bytes, { stream: true }));
    return parts.join("") + decoder.decode();
  }

  wasi() {
    return {
      fd_read: (file, buffers, count, read) => {
        if (file !== STDIN) return NO_SUCH_FILE;
        const taken = this.#buffers(buffers, count).map((buffer) => {
          const part = this.#input.subarray(0, buffer.length);
          buffer.set(part);
          this.#input = this.#input.subarray(part.length);
          return part.length;
        });
        return this.#set(read, sum(taken));
      },
      fd_write: (file, buffers, count, written) => {
        if (!(file in this.#written)) return NO_SUCH_FILE;
        const parts = this.#buffers(buffers, count).map((buffer) => buffer.slice());
        this.#written[file].push(...parts);
        return this.#set(written, sum(parts.map((part) => part.length)));
      },
      clock_time_get: (_clock, _precision, time) => {
        this.#view().setBigUint64(time, BigInt(Date.now()) * 1_000_000n, true);
        return FINE;
      },
      random_get: (at, length) => {
        crypto.getRandomValues(new Uint8Array(this.memory.buffer, at, length));
        return FINE;
      },
      environ_sizes_get: (count, size) => this.#set(count, 0) || this.#set(size, 0),
      environ_get: () => FINE,
      proc_exit: (code) => {
        throw new Error(`the program has ended with ${code}`);
      },
    };
  }

  // The memory may have moved since the last call.
  #view() {
    return new DataView(this.memory.buffer);
  }

  #set(at, number) {
    this.#view().setUint32(at, number, true);
    return FINE;
  }

  #buffers(at, count) {
    const number = (index) => this.#view().getUint32(at + 4 * index, true);
    return Array.from({ length: count }, (_, index) => {
      return new Uint8Array(this.memory.buffer, number(2 * index), number(2 * index + 1));
    });
  }
}

function sum(numbers) {
  return numbers.reduce((one, other) => one + other, 0);
}
