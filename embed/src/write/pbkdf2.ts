// PBKDF2 with SHA-256 (RFC 8018, FIPS 180-4), for pages where the browser's own is missing.

const WORDS = 16; // of a block
const ROUNDS = 64;
const constants = new Int32Array(ROUNDS);
const initial = new Int32Array(8);
const schedule = new Int32Array(WORDS); // the last so many, in turn

// the first 32 bits behind the point of the roots of the first primes
for (let candidate = 2, found = 0; found < ROUNDS; candidate++) {
  let divisor = 2;
  while (divisor * divisor <= candidate && candidate % divisor) divisor++;
  if (divisor * divisor <= candidate) continue;
  if (found < 8) initial[found] = (candidate ** 0.5 % 1) * 2 ** 32;
  constants[found++] = (candidate ** (1 / 3) % 1) * 2 ** 32;
}

const at = (words: Int32Array, index: number) => words[index] as number;
const turn = (word: number, by: number) => (word >>> by) | (word << (32 - by));

/** The state after one more block; `block` may be longer, its first 16 words count. `into` is overwritten. */
function compress(state: Int32Array, block: Int32Array, into = new Int32Array(8)): Int32Array {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  const ends = [a, b, c, d, e, f, g, h];
  for (let round = 0; round < ROUNDS; round++) {
    const early = at(schedule, (round + 1) & 15);
    const late = at(schedule, (round + 14) & 15);
    const word =
      round < WORDS
        ? at(block, round)
        : (at(schedule, round & 15) +
            (turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)) +
            at(schedule, (round + 9) & 15) +
            (turn(late, 17) ^ turn(late, 19) ^ (late >>> 10))) |
          0;
    schedule[round & 15] = word;
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + at(constants, round) + word) | 0;
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  into.set([a, b, c, d, e, f, g, h]);
  for (let index = 0; index < 8; index++) into[index] = at(into, index) + (ends[index] as number);
  return into;
}

/** Up to 55 bytes as the last block of a message that is `before` bytes longer. */
function lastBlock(bytes: Uint8Array, before: number): Int32Array {
  const block = new DataView(new ArrayBuffer(64));
  bytes.forEach((byte, index) => {
    block.setUint8(index, byte);
  });
  block.setUint8(bytes.length, 0x80);
  block.setUint32(60, (before + bytes.length) * 8);
  return words(block);
}

function words(block: DataView): Int32Array {
  return Int32Array.from({ length: WORDS }, (_, index) => block.getInt32(index * 4));
}

/** The first 32 bytes. At most 64 bytes of password, and 51 of salt. */
export function pbkdf2(password: Uint8Array, salt: Uint8Array, iterations: number): ArrayBuffer {
  const padded = (pad: number) => {
    const block = new DataView(new ArrayBuffer(64));
    for (let index = 0; index < 64; index++) block.setUint8(index, (password[index] ?? 0) ^ pad);
    return compress(initial, words(block));
  };
  const inner = padded(0x36);
  const outer = padded(0x5c);
  const again = lastBlock(new Uint8Array(32), 64); // a digest, after the key
  const digest = new Int32Array(8);
  const hmac = (block: Int32Array) => {
    again.set(compress(inner, block, digest));
    again.set(compress(outer, again, digest));
  };
  hmac(lastBlock(Uint8Array.of(...salt, 0, 0, 0, 1), 64));
  const result = digest.slice();
  for (let iteration = 1; iteration < iterations; iteration++) {
    hmac(again);
    for (let index = 0; index < 8; index++) result[index] = at(result, index) ^ at(digest, index);
  }
  const view = new DataView(new ArrayBuffer(32));
  result.forEach((word, index) => {
    view.setInt32(index * 4, word);
  });
  return view.buffer;
}
