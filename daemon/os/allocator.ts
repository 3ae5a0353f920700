/**
 * glibc's allocator in the daemon: blocks of 64 KiB and more are mapped one by one and given back when they are freed.
 *
 * Each read of a socket allocates 64 KiB. By default glibc keeps such blocks in its heap, which grows with the number of
 * clients and never shrinks: 35 MB instead of 8 with 50 watchers. Other allocators ignore the variable.
 */
const VARIABLE = "MALLOC_MMAP_THRESHOLD_";
const BYTES = String(64 * 1024);

/** The environment to start a daemon in. A threshold that the user has set stays. */
export function withAllocator(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { [VARIABLE]: BYTES, ...env };
}

/** Takes the threshold out of the daemon's environment again: operations keep their own. */
export function dropAllocator(env: NodeJS.ProcessEnv): void {
  if (env[VARIABLE] === BYTES) delete env[VARIABLE];
}
