/* Loaded before a program: the clock on the wall, and none else, jumps about by years. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long jump(void)
{
    static _Atomic unsigned calls;
    unsigned call = calls++ * 2654435761u;
    return (long)(call % 1000000000u) - 500000000L;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec += jump();
    return failed;
}

int gettimeofday(struct timeval *now, void *zone)
{
    int failed = (int)syscall(SYS_gettimeofday, now, zone);
    now->tv_sec += jump();
    return failed;
}

time_t time(time_t *into)
{
    time_t now = (time_t)(1700000000L + jump());
    if (into != NULL)
        *into = now;
    return now;
}
