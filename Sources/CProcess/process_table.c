// What the system's list of processes says of others.

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CProcess.h"

/// The state's letter and the parent of a process; 0 where there is none.
static char look(const char *process, long *parent) {
  char path[300], text[1024];
  snprintf(path, sizeof path, "/proc/%s/stat", process);
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  // A program's name may hold anything, parentheses too.
  const char *end = strrchr(text, ')');
  char letter = 0;
  return end && sscanf(end + 1, " %c %ld", &letter, parent) == 2 ? letter : 0;
}

char torus_process_state(pid_t process) {
  char name[32];
  long parent;
  snprintf(name, sizeof name, "%ld", (long)process);
  return look(name, &parent);
}

int torus_has_children(pid_t process) {
  DIR *processes = opendir("/proc");
  if (!processes) return -1;
  int found = 0;
  struct dirent *entry;
  while (!found && (entry = readdir(processes))) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    long parent = 0;
    char letter = look(entry->d_name, &parent);
    found = letter && letter != 'Z' && letter != 'X' && parent == (long)process;
  }
  closedir(processes);
  return found;
}
