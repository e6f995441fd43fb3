import { type BenchRuntime, type Contender, CONTENDERS } from "./contenders.ts";
import { load } from "./load.ts";
import { usageOf } from "./process_usage.ts";
import { type RunningContender, start } from "./running_contender.ts";
import { type Spread, spread } from "./statistics.ts";

/** How to measure. */
export interface Settings {
  readonly rounds: number;
  /**
   * How long a contender is loaded before that, in seconds. Bun and Node compile for two to four;
   * until then p99 is mostly the compiler.
   */
  readonly warmUp: number;
  /** How long a contender is loaded in each round, all its turns together. */
  readonly seconds: number;
  /** In how many turns. */
  readonly turns: number;
  readonly connections: number;
  /** A temporary folder. */
  readonly folder: string;
  /** How long a connection rests after an answer, in milliseconds, on average: not at all. */
  readonly pause?: number;
  /** Whom to measure, beside what they are measured against. */
  readonly wanted: (contender: Contender) => boolean;
}

/** What one turn told of one contender, or one round. */
interface Sample {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly cpu: number;
  readonly memory: number;
}

/** A line of a table. */
export interface Result {
  readonly runtime: BenchRuntime;
  readonly name: string;
  readonly base: string;
  /** Throughput as a part of the base's, in the same round. */
  readonly ratio: Spread;
  /** p99 as a part of the base's, in the same round. */
  readonly p99Ratio: Spread;
  /** CPU time a request as a part of the base's, in the same round: hardly moved by other load. */
  readonly cpuRatio: Spread;
  readonly rps: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly p999: Spread;
  /** Microseconds of CPU time a request. */
  readonly cpu: Spread;
  /** Megabytes after a turn. */
  readonly memory: Spread;
}

/**
 * Measures the contenders of one runtime against each other. In each round all of them are started
 * anew, because a process is compiled into a faster or slower one once and for all, and loaded in
 * short turns, one after another, so that whatever else the machine does meets all of them.
 *
 * @param runtime The runtime.
 * @param settings How to measure.
 */
export async function measureThroughput(
  runtime: BenchRuntime,
  settings: Settings,
): Promise<Result[]> {
  const contenders = contendersOf(runtime, settings.wanted);
  const rounds: Map<string, Sample>[] = [];
  for (let round = 0; round < settings.rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    rounds.push(await measureOnce(order, runtime, settings));
  }
  return contenders.map((contender) => resultOf(contender, runtime, rounds));
}

async function measureOnce(
  contenders: readonly Contender[],
  runtime: BenchRuntime,
  settings: Settings,
): Promise<Map<string, Sample>> {
  await using stack = new AsyncDisposableStack();
  const running: RunningContender[] = [];
  for (const contender of contenders) {
    running.push(stack.use(await start(contender, runtime, settings.folder)));
  }
  for (const one of running) await checkEquality(one);
  const warmUp = { ...settings, pause: 0 };
  for (const one of running) await measure(one, warmUp, settings.warmUp);
  const seconds = settings.seconds / settings.turns;
  const samples = running.map((): Sample[] => []);
  for (let turn = 0; turn < settings.turns; turn++) {
    for (const [index, one] of running.entries()) {
      samples[index]!.push(await measure(one, settings, seconds));
    }
  }
  return new Map(
    running.map(({ contender }, index) => [
      contender.name,
      middleOf(samples[index]!),
    ]),
  );
}

/** The median of each figure. */
function middleOf(samples: readonly Sample[]): Sample {
  const middle = (key: keyof Sample): number =>
    spread(samples.map((sample) => sample[key])).median;
  return {
    rps: middle("rps"),
    p50: middle("p50"),
    p99: middle("p99"),
    p999: middle("p999"),
    cpu: middle("cpu"),
    memory: middle("memory"),
  };
}

function contendersOf(
  runtime: BenchRuntime,
  isWanted: Settings["wanted"],
): Contender[] {
  const here = CONTENDERS.filter(({ runtimes }) => runtimes.includes(runtime));
  const wanted = here.filter(isWanted);
  const bases = new Set(wanted.map(({ base }) => base));
  return here.filter((one) => wanted.includes(one) || bases.has(one.name));
}

/** Everyone gives the same answer, and runs as many tasks as it says. */
async function checkEquality(
  { contender, port }: RunningContender,
): Promise<void> {
  const REQUESTS = 10;
  const url = `http://127.0.0.1:${port}`;
  const complain = (what: string, value: unknown): never => {
    throw new Error(`Cannot compare ${contender.name}: ${what} ${value}`);
  };
  for (let i = 0; i < REQUESTS; i++) {
    const response = await fetch(url);
    const type = response.headers.get("content-type") ?? "";
    if (response.status !== 200) complain("its status is", response.status);
    if (!type.startsWith("application/json")) complain("its type is", type);
    const { status, ...rest } = await response.json();
    if (status !== "ok" || Object.keys(rest).length > 0) {
      complain("it answers", JSON.stringify({ status, ...rest }));
    }
  }
  const expected = REQUESTS * contender.tasks;
  let ran = 0;
  for (let tries = 0; tries < 100 && ran < expected; tries++) {
    ({ ran } = await (await fetch(`${url}/ran`)).json());
  }
  if (ran !== expected) complain(`of ${expected} tasks it ran`, ran);
}

async function measure(
  { port, pid }: RunningContender,
  { connections, pause }: Settings,
  seconds: number,
): Promise<Sample> {
  const before = usageOf(pid);
  const measured = await load({ port, connections, seconds, pause });
  const after = usageOf(pid);
  const { requests, errors, p50, p99, p999 } = measured;
  if (errors > 0) throw new Error(`Cannot measure: ${errors} requests failed`);
  return {
    rps: requests / measured.seconds,
    p50,
    p99,
    p999,
    cpu: (after.cpu - before.cpu) * 1_000 / requests,
    memory: after.memory,
  };
}

function resultOf(
  { name, base }: Contender,
  runtime: BenchRuntime,
  rounds: readonly Map<string, Sample>[],
): Result {
  const all = (key: keyof Sample): Spread =>
    spread(rounds.map((round) => round.get(name)![key]));
  const ratio = (key: keyof Sample): Spread =>
    spread(
      rounds.map((round) => round.get(name)![key] / round.get(base)![key]),
    );
  return {
    runtime,
    name,
    base,
    ratio: ratio("rps"),
    p99Ratio: ratio("p99"),
    cpuRatio: ratio("cpu"),
    rps: all("rps"),
    p50: all("p50"),
    p99: all("p99"),
    p999: all("p999"),
    cpu: all("cpu"),
    memory: all("memory"),
  };
}
