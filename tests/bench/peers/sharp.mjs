// usage: sharp.mjs WAY FORMAT RUNS OUTDIR PHOTO
//
// sharp in three ways, as the C peers print it: a warm-up, then a line of CPU
// and wall milliseconds a run, at last the peak of memory. The files of the
// last run are left in OUTDIR. sharp converts to sRGB by itself.

import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import sharp from 'sharp';

const SIDES = [1280, 640, 320, 160];
const QUALITY = 80;

// Of the same photo the next run would find in the cache what it is to make.
sharp.cache(false);
sharp.concurrency(1);

function fit(pipeline, side) {
  return pipeline.resize(side, side, { fit: 'inside', withoutEnlargement: true });
}

function encode(pipeline, format) {
  return pipeline.toFormat(format, { quality: QUALITY }).toBuffer();
}

const WAYS = {
  // As most people write it.
  async each(photo, format) {
    const made = [];
    for (const side of SIDES) {
      made.push(await encode(fit(sharp(photo).rotate(), side), format));
    }
    return made;
  },

  // As the manual has it for several sizes of one input.
  clone(photo, format) {
    const input = sharp(photo).rotate();
    return Promise.all(SIDES.map((side) =>
      encode(fit(input.clone(), side), format)));
  },

  // One decode, each size from the pixels of the next larger one.
  async chain(photo, format) {
    const made = [];
    let from = sharp(photo).rotate();
    for (const side of SIDES) {
      const { data, info } = await fit(from, side).raw()
        .toBuffer({ resolveWithObject: true });
      const raw = { width: info.width, height: info.height,
        channels: info.channels };
      made.push(await encode(sharp(data, { raw }), format));
      from = sharp(data, { raw });
    }
    return made;
  },
};

async function timed(work) {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  const made = await work();
  const wall = Number(process.hrtime.bigint() - start) / 1e6;
  const { user, system } = process.cpuUsage(cpu);
  return { made, line: `${(user + system) / 1e3} ${wall}` };
}

async function main(way, format, runs, directory, file) {
  const photo = fs.readFileSync(file);
  let made = await WAYS[way](photo, format);
  for (let i = 0; i < runs; i++) {
    const run = await timed(() => WAYS[way](photo, format));
    made = run.made;
    console.log(run.line);
  }
  const extension = format === 'jpeg' ? 'jpg' : format;
  SIDES.forEach((side, i) => {
    fs.writeFileSync(path.join(directory, `${side}.${extension}`), made[i]);
  });
  console.log(`rss_kb ${process.resourceUsage().maxRSS}`);
}

const [way, format, runs, directory, file] = process.argv.slice(2);
await main(way, format, Number(runs), directory, file);
