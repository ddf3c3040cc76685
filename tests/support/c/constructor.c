/* A library that crashes, hangs or ends the process while it is loaded, or keeps it from ending. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef LEAVES_HANGING
__attribute__((destructor)) static void end(void)
{
  for (;;)
    pause();
}
#endif

__attribute__((constructor)) static void begin(void)
{
#ifdef HANGS
  for (;;)
    pause();
#endif
#ifdef ENDS
  _exit(0);
#endif
#ifdef LEAVES_HANGING
  puts("hello from a library");
  return;
#endif
  *(volatile int *)getenv("THERE_IS_NO_SUCH_VARIABLE") = 1;
}
