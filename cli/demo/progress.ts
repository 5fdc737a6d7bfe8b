import { MultiBar, Presets } from 'cli-progress';
import type { Terminal } from '../command.ts';

/** Plain lines appear at most this often. */
const LINE_INTERVAL_MS = 2_000;

/** Shows how a phase of known size goes on: a bar on a terminal, a line now and then elsewhere. */
export interface Phase {
  update(done: number, detail: string): void;
  finish(detail: string): void;
}

export interface Progress {
  phase(name: string, total: number): Phase;
  /** A message that stays. */
  say(text: string): void;
  stop(): void;
}

export function showProgress(terminal: Terminal): Progress {
  return terminal.isInteractive ? barProgress() : lineProgress(terminal);
}

function barProgress(): Progress {
  const bars = new MultiBar(
    { format: '{name} [{bar}] {percentage}% {detail}', hideCursor: true, clearOnComplete: false, barsize: 30 },
    Presets.shades_classic,
  );
  return {
    phase: (name, total) => {
      const bar = bars.create(total, 0, { name: name.padEnd(14), detail: '' });
      return {
        update: (done, detail) => bar.update(Math.min(done, total), { detail }),
        finish: (detail) => {
          bar.update(total, { detail });
          bar.stop();
        },
      };
    },
    say: (text) => bars.log(`${text}\n`),
    stop: () => bars.stop(),
  };
}

function lineProgress(terminal: Terminal): Progress {
  return {
    phase: (name, total) => {
      let lastAt = Number.NEGATIVE_INFINITY;
      return {
        update: (done, detail) => {
          if (performance.now() - lastAt < LINE_INTERVAL_MS) return;
          lastAt = performance.now();
          terminal.out(`${name}: ${Math.floor((100 * done) / Math.max(total, 1))}% ${detail}`);
        },
        finish: (detail) => terminal.out(`${name}: done ${detail}`),
      };
    },
    say: (text) => terminal.out(text),
    stop: () => {},
  };
}
