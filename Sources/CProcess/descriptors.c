// Every program finds descriptors 0 to 2 open: a file that it opens would otherwise become its standard
// output where it was started with `>&-`, and get its progress between its own lines.

#include <fcntl.h>
#include <unistd.h>

__attribute__((constructor)) static void open_standard_descriptors(void) {
  for (int wanted = 0; wanted <= 2; wanted++) {
    if (fcntl(wanted, F_GETFD) >= 0) continue;
    // The lowest free number is this one, since those below are open.
    int got = open("/dev/null", O_RDWR);
    if (got > wanted) close(got);
  }
}
