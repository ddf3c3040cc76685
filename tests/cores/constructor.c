/* A library that crashes while it is loaded. */
#include <stdlib.h>

__attribute__((constructor)) static void begin(void)
{
  *(volatile int *)getenv("THERE_IS_NO_SUCH_VARIABLE") = 1;
}
