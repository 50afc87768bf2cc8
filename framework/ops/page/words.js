// Figures as people say them, and what they mean.

export function count(value) {
  if (value === null || value === undefined) return 'unknown';
  if (Math.abs(value) >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (Math.abs(value) >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

export function duration(ms) {
  if (ms === null || ms === undefined) return 'unknown';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3600000) return `${Math.floor(ms / 60000)} min ${Math.round(ms % 60000 / 1000)} s`;
  return `${Math.floor(ms / 3600000)} h ${Math.round(ms % 3600000 / 60000)} min`;
}

export function many(number, one, more = one + 's') {
  return `${count(number)} ${number === 1 ? one : more}`;
}

// What a virtual partition does: a letter, a word, how it looks.
export const WORK = {
  running: {letter: 'R', word: 'runs', tone: 'good'},
  ticket: {letter: 'T', word: 'its work is deferred', tone: 'good'},
  queued: {letter: 'W', word: 'waits for a worker', tone: 'off'},
  retry: {letter: 'F', word: 'failed, is tried again', tone: 'bad'},
  letters: {letter: 'L', word: 'waits for dead letters', tone: 'warn'},
  hook: {letter: 'H', word: 'is in a hook', tone: 'good'},
  farewell: {letter: 'H', word: 'is in its last hook', tone: 'warn'},
};

export const CONNECTION = {
  looking_for_broker: ['looks for a broker', 'warn'],
  running: ['runs', 'good'],
  quieting: ['finishes, to be quiet', 'warn'],
  quiet: ['quiet', 'off'],
  away: ['out of its group: a job runs for too long', 'bad'],
  rebalancing: ['gives partitions back', 'warn'],
  draining: ['drains, to stop', 'warn'],
  leaving: ['leaves its group', 'warn'],
  ended: ['has ended', 'off'],
  silent: ['does not answer: its thread is busy or blocked', 'bad'],
};

export const APPLICATION = {
  idle: ['not started', 'off'],
  running: ['running', 'good'],
  quieting: ['finishing, to be quiet', 'warn'],
  quiet: ['quiet', 'off'],
  stopping: ['stopping', 'warn'],
  stopped: ['stopped', 'off'],
};

export const STAGE = {
  reading_position: 'asks where it stopped',
  waiting_for_jobs: 'waits for jobs of an earlier assignment',
  running: 'runs',
  ending: 'ends',
};

const STUCK_AFTER = 30000;
const LOOK_BACK = 60000;
const REBALANCES_MANY = 4;

// Remembers how partitions were, and says what high lag means: stuck, slow, a spike, too many rebalances.
export class Watch {
  constructor() {
    this.partitions = new Map();
    this.changes = [];
  }

  // Findings in words, the worst first: {about, tone, title, text}.
  look(news) {
    const now = news.application.taken_at_ms;
    const findings = [];
    if (news.application.failure) {
      findings.push({about: 'application', tone: 'bad', title: 'It can\'t go on.', text: news.application.failure});
    }
    for (const connection of news.connections) {
      if (connection.state === 'silent' || connection.state === 'away') {
        findings.push({about: connection.name, tone: 'bad', title: `Connection ${connection.name} ${CONNECTION[connection.state][0]}.`,
          text: 'Others of its group take its partitions when its session times out, or it comes back by itself.'});
      }
    }
    findings.push(...this.rebalances(news, now));
    const seen = new Set();
    for (const partition of news.partitions) {
      const name = `${partition.consumer_group} ${partition.topic}/${partition.partition}`;
      seen.add(name);
      const finding = this.of(name, partition, now);
      if (finding) findings.push({...finding, about: name, title: `${partition.topic}/${partition.partition} ${finding.title}`});
    }
    for (const name of this.partitions.keys()) if (!seen.has(name)) this.partitions.delete(name);
    const order = {bad: 0, warn: 1, off: 2};
    return findings.sort((left, right) => order[left.tone] - order[right.tone]);
  }

  of(name, partition, now) {
    const lag = partition.processed_lag ?? 0;
    const mark = `${partition.generation} ${partition.position} ${partition.highest_done}`;
    const known = this.partitions.get(name) ?? {mark, since: now, lags: []};
    if (known.mark !== mark) Object.assign(known, {mark, since: now});
    known.lags.push({now, lag});
    while (known.lags[0].now < now - LOOK_BACK) known.lags.shift();
    this.partitions.set(name, known);
    const stood = now - known.since;
    const busy = lag > 0 || partition.open > partition.parked;
    const longest = partition.work.reduce((most, work) => Math.max(most, work.running_for_ms ?? 0), 0);
    if (partition.held) {
      return {tone: 'warn', title: 'is paused.', text: `Nothing of it starts until it is resumed; ${many(lag, 'offset')} behind.`};
    }
    if (busy && stood >= STUCK_AFTER) {
      const why = longest > STUCK_AFTER ? `A job runs since ${duration(longest)}.`
        : partition.waits_for_commit ? 'It waits for a commit.'
        : partition.work.some((work) => work.state === 'retry') ? 'What failed is tried again and again.'
        : partition.full_queue !== null ? `The queue of virtual partition ${partition.full_queue} is full.`
        : 'Its broker may be away.';
      return {tone: 'bad', title: `is stuck since ${duration(stood)}.`, text: why};
    }
    const first = known.lags[0];
    const whole = now - first.now >= LOOK_BACK / 2;
    if (!whole || lag < 1000) return null;
    const highest = Math.max(...known.lags.map((each) => each.lag));
    if (lag > first.lag * 1.1) {
      return {tone: 'warn', title: 'is slow: it falls behind.', text: `${count(lag)} offsets behind, ${count(lag - first.lag)} more than a minute ago. ${partition.jobs_waiting > 0 ? 'Jobs wait for workers: more of them would help.' : 'Look whether one virtual partition has most of the messages.'}`};
    }
    if (lag < highest * 0.9) {
      return {tone: 'off', title: 'had a spike, and catches up.', text: `${count(lag)} offsets behind, of ${count(highest)} within the last minute.`};
    }
    return null;
  }

  rebalances(news, now) {
    const total = news.application.figures.assignments + news.application.figures.revocations;
    const last = this.changes[this.changes.length - 1];
    if (!last || last.total !== total) this.changes.push({now, total});
    while (this.changes.length > 1 && this.changes[0].now < now - 300000) this.changes.shift();
    const times = this.changes.length - 1;
    if (times < REBALANCES_MANY) return [];
    return [{about: 'rebalances', tone: 'warn', title: 'Too many rebalances.', text: `Partitions came or went ${times} times within five minutes; each costs what was fetched ahead. See Rebalances for the members that come and go.`}];
  }
}
