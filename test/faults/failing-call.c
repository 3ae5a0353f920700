/*
 * Preloaded (LD_PRELOAD) into a daemon and its workers: one call of the file system below a directory fails.
 *
 * The file `control` beside this library is shared by all processes. It names the directory, the error, and which of the
 * calls that can end so fails; the calls of all threads and processes are counted together.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* What a call does, one bit each; every-call.test.ts has the same numbers. */
enum { OPENS = 1, CREATES = 2, READS = 4, WRITES = 8, SYNCS = 16, NAMES = 32, REMOVES = 64, CLOSES = 128 };

struct control {
  /* The error number; 0: a write is short. */
  int error;
  /* Kinds of calls that are counted. */
  int kinds;
  /* Number of the call that fails, from 1; 0: none. */
  unsigned at;
  atomic_uint count;
  atomic_uint failed;
  /* After a short write, whether the next write to the same file finds the disk full. */
  int full_after_short;
  char directory[256];
  /* The call that failed. */
  char call[1024];
};

static struct control none;
static struct control *control = &none;
static int full_fd = -1;

__attribute__((constructor)) static void start(void) {
  Dl_info self;
  char path[PATH_MAX];
  if (!dladdr((void *)start, &self)) return;
  snprintf(path, sizeof path, "%s", self.dli_fname);
  strcpy(strrchr(path, '/') + 1, "control");
  int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  int fd = real_open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *map = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map != MAP_FAILED) control = map;
  int (*real_close)(int) = dlsym(RTLD_NEXT, "close");
  real_close(fd);
}

static int is_below(const char *path) {
  size_t length = strlen(control->directory);
  return length > 0 && strncmp(path, control->directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* The path with the directory of its descriptor: a worker reaches the state directory by one. */
static const char *resolved(const char *path, char whole[2 * PATH_MAX]) {
  static const char anchor[] = "/proc/self/fd/";
  char link[64], place[PATH_MAX];
  const char *rest = strncmp(path, anchor, sizeof anchor - 1) == 0 ? strchr(path + sizeof anchor - 1, '/') : NULL;
  if (rest == NULL || (size_t)(rest - path) >= sizeof link) return path;
  snprintf(link, sizeof link, "%.*s", (int)(rest - path), path);
  ssize_t length = readlink(link, place, sizeof place - 1);
  if (length < 0) return path;
  place[length] = 0;
  snprintf(whole, 2 * PATH_MAX, "%s%s", place, rest);
  return whole;
}

/* Whether this call is the one that fails. */
static int fails(int kind, const char *name, const char *path) {
  char whole[2 * PATH_MAX];
  if (!(kind & control->kinds) || control->at == 0) return 0;
  path = resolved(path, whole);
  if (!is_below(path)) return 0;
  if (atomic_fetch_add(&control->count, 1) + 1 != control->at) return 0;
  snprintf(control->call, sizeof control->call, "%s %.900s by %d", name, path, (int)getpid());
  atomic_store(&control->failed, 1);
  errno = control->error;
  return 1;
}

static int fails_at(int kind, const char *name, int dir, const char *path) {
  char link[64], place[PATH_MAX], whole[2 * PATH_MAX];
  if (path[0] == '/' || dir == AT_FDCWD) return fails(kind, name, path);
  snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
  ssize_t length = readlink(link, place, sizeof place - 1);
  if (length < 0) return 0;
  place[length] = 0;
  snprintf(whole, sizeof whole, "%s/%s", place, path);
  return fails(kind, name, whole);
}

static int fails_fd(int kind, const char *name, int fd) {
  if (!(kind & control->kinds) || control->at == 0) return 0;
  return fails_at(kind, name, fd, "");
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    if (fails(flags & O_CREAT ? CREATES : OPENS, #name, path)) return -1; \
    return real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

int openat(int dir, const char *path, int flags, ...) {
  REAL(openat);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (fails_at(flags & O_CREAT ? CREATES : OPENS, "openat", dir, path)) return -1;
  return real(dir, path, flags, mode);
}

DIR *opendir(const char *path) {
  REAL(opendir);
  return fails(OPENS, "opendir", path) ? NULL : real(path);
}

int scandir64(const char *path, struct dirent64 ***list, int (*take)(const struct dirent64 *),
              int (*order)(const struct dirent64 **, const struct dirent64 **)) {
  REAL(scandir64);
  return fails(OPENS, "scandir", path) ? -1 : real(path, list, take, order);
}

ssize_t read(int fd, void *bytes, size_t length) {
  REAL(read);
  return fails_fd(READS, "read", fd) ? -1 : real(fd, bytes, length);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
  REAL(pread64);
  return fails_fd(READS, "pread", fd) ? -1 : real(fd, bytes, length, at);
}

/* How many of the bytes are written; -1: the call fails. */
static ssize_t taken(const char *name, int fd, size_t length) {
  if (fd == full_fd) {
    full_fd = -1;
    errno = ENOSPC;
    return -1;
  }
  if (control->error == 0 && length < 2) return length;
  if (!fails_fd(WRITES, name, fd)) return length;
  if (control->error != 0) return -1;
  if (control->full_after_short) full_fd = fd;
  return length / 2;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  ssize_t part = taken("write", fd, length);
  return part < 0 ? -1 : real(fd, bytes, part);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  REAL(pwrite64);
  ssize_t part = taken("pwrite", fd, length);
  return part < 0 ? -1 : real(fd, bytes, part, at);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
  REAL(writev);
  size_t first = count > 0 ? pieces[0].iov_len : 0;
  ssize_t part = taken("writev", fd, first);
  if (part < 0) return -1;
  return (size_t)part < first ? write(fd, pieces[0].iov_base, part) : real(fd, pieces, count);
}

#define CALL(type, name, parameters, test, ...) \
  type name parameters { \
    REAL(name); \
    return test ? -1 : real(__VA_ARGS__); \
  }
CALL(int, fsync, (int fd), fails_fd(SYNCS, "fsync", fd), fd)
CALL(int, fdatasync, (int fd), fails_fd(SYNCS, "fdatasync", fd), fd)
CALL(int, ftruncate64, (int fd, off64_t size), fails_fd(NAMES, "ftruncate", fd), fd, size)
CALL(int, rename, (const char *from, const char *to), fails(NAMES, "rename", to), from, to)
CALL(int, link, (const char *from, const char *to), fails(NAMES, "link", to), from, to)
CALL(int, symlink, (const char *from, const char *to), fails(NAMES, "symlink", to), from, to)
CALL(int, mkdir, (const char *path, mode_t mode), fails(NAMES, "mkdir", path), path, mode)
CALL(int, rmdir, (const char *path), fails(REMOVES, "rmdir", path), path)
CALL(int, unlink, (const char *path), fails(REMOVES, "unlink", path), path)
CALL(int, unlinkat, (int dir, const char *path, int flags), fails_at(REMOVES, "unlinkat", dir, path), dir, path, flags)

/* The file is closed all the same, as Linux does. */
int close(int fd) {
  REAL(close);
  int failed = fails_fd(CLOSES, "close", fd);
  int error = errno;
  int result = real(fd);
  if (!failed) return result;
  errno = error;
  return -1;
}
