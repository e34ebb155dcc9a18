/* Loaded before the C library: fails the n-th call of a kind once. FAIL_READ_EIO=n, FAIL_READ_EINTR,
 * FAIL_READ_SHORT: reads at an offset, of which input files are read; FAIL_WRITE_ENOSPC, FAIL_WRITE_EDQUOT:
 * writes to files; FAIL_SYNC_EIO. KILL_WRITE=n and KILL_SYNC=n end the process by SIGKILL before the n-th
 * write to a file and the n-th sync. A failure leaves the file that FAIL_FLAG names. (Renames go past the C
 * library.) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int due(const char *name, atomic_int *calls) {
    const char *wanted = getenv(name);
    if (!wanted || atomic_fetch_add(calls, 1) + 1 != atoi(wanted)) return 0;
    const char *flag = getenv("FAIL_FLAG");
    if (flag) close(open(flag, O_CREAT | O_WRONLY, 0600));
    return 1;
}

static void kill_if_due(const char *name, atomic_int *calls) {
    if (due(name, calls)) raise(SIGKILL);
}

static int is_file(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

ssize_t pread64(int fd, void *to, size_t length, off64_t at) {
    static ssize_t (*next)(int, void *, size_t, off64_t);
    static atomic_int eio, eintr, short_;
    if (!next) next = dlsym(RTLD_NEXT, "pread64");
    if (due("FAIL_READ_EIO", &eio)) { errno = EIO; return -1; }
    if (due("FAIL_READ_EINTR", &eintr)) { errno = EINTR; return -1; }
    if (due("FAIL_READ_SHORT", &short_) && length > 1) length /= 2;
    return next(fd, to, length, at);
}

ssize_t write(int fd, const void *from, size_t length) {
    static ssize_t (*next)(int, const void *, size_t);
    static atomic_int enospc, edquot, killed;
    if (!next) next = dlsym(RTLD_NEXT, "write");
    if (is_file(fd)) {
        kill_if_due("KILL_WRITE", &killed);
        if (due("FAIL_WRITE_ENOSPC", &enospc)) { errno = ENOSPC; return -1; }
        if (due("FAIL_WRITE_EDQUOT", &edquot)) { errno = EDQUOT; return -1; }
    }
    return next(fd, from, length);
}

int fsync(int fd) {
    static int (*next)(int);
    static atomic_int eio, killed;
    if (!next) next = dlsym(RTLD_NEXT, "fsync");
    kill_if_due("KILL_SYNC", &killed);
    if (due("FAIL_SYNC_EIO", &eio)) { errno = EIO; return -1; }
    return next(fd);
}
