/* Loaded before a program: below FULL_FOLDER it and its children find room for FULL_AFTER bytes. What finds none takes
 * none away, so that something smaller may still fit; with FULL_TORN it takes all that is left, and is cut. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long *room;
static const char *folder;
static int torn;

__attribute__((constructor)) static void begin(void)
{
    const char *after = getenv("FULL_AFTER");
    folder = getenv("FULL_FOLDER");
    torn = getenv("FULL_TORN") != NULL;
    /* Shared with the children. */
    room = mmap(NULL, sizeof *room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || after == NULL)
        folder = NULL;
    else
        *room = atol(after);
}

ssize_t write(int file, const void *bytes, size_t count)
{
    char link[64], path[PATH_MAX];
    if (folder != NULL) {
        /* Of the calling thread: one of them has descriptors of its own. */
        snprintf(link, sizeof link, "/proc/thread-self/fd/%d", file);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length > 0 && strncmp(path, folder, strlen(folder)) == 0) {
            long left = __atomic_load_n(room, __ATOMIC_SEQ_CST), taken;
            do {
                taken = left >= (long)count ? (long)count : torn ? left : 0;
            } while (!__atomic_compare_exchange_n(room, &left, left - taken, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
            if (taken == 0 && count > 0) {
                errno = ENOSPC;
                return -1;
            }
            count = (size_t)taken;
        }
    }
    return syscall(SYS_write, file, bytes, count);
}
