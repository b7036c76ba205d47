#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "peers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_RANKS 1024

/// What is known of a rank of this node: its newest process without a child's, and whether it is stopped
/// or waits in MPI.
typedef struct {
  int rank;
  long process;
  char stopped, waits;
} peer;

/// A file's bytes with a zero behind them, to be freed; NULL where it cannot be read.
static char *contents(const char *path, size_t *length) {
  FILE *file = fopen(path, "re");
  if (!file) return NULL;
  size_t space = 1 << 14, used = 0;
  char *bytes = malloc(space + 1);
  while (bytes) {
    size_t count = fread(bytes + used, 1, space - used, file);
    used += count;
    if (count == 0 || space >= 1 << 24) break;
    if (used < space) continue;
    space *= 2;
    char *more = realloc(bytes, space + 1);
    if (!more) break;
    bytes = more;
  }
  fclose(file);
  if (bytes) bytes[used] = 0;
  *length = used;
  return bytes;
}

/// The value of a variable in a block of `NAME=value` texts, NULL where it has none.
static const char *value(const char *block, size_t length, const char *name) {
  size_t letters = strlen(name);
  for (size_t at = 0; at < length; at += strlen(block + at) + 1) {
    if (strncmp(block + at, name, letters) == 0 && block[at + letters] == '=') {
      return block + at + letters + 1;
    }
  }
  return NULL;
}

/// The state's letter in /proc/PID/stat.
static char state(const char *process) {
  char path[300];
  size_t length;
  snprintf(path, sizeof path, "/proc/%s/stat", process);
  char *text = contents(path, &length), letter = '?';
  const char *end = text ? strrchr(text, ')') : NULL;
  if (end && end[1]) letter = end[2];
  free(text);
  return letter;
}

/// Whether one of its threads watches a call.
static char waits(const char *process) {
  char path[300];
  snprintf(path, sizeof path, "/proc/%s/task", process);
  DIR *threads = opendir(path);
  if (!threads) return 0;
  char found = 0;
  struct dirent *entry;
  while (!found && (entry = readdir(threads))) {
    if (entry->d_name[0] == '.') continue;
    char name[600];
    size_t length;
    snprintf(name, sizeof name, "/proc/%s/task/%s/comm", process, entry->d_name);
    char *text = contents(name, &length);
    found = text && strncmp(text, TORUS_PEERS_MARK, strlen(TORUS_PEERS_MARK)) == 0;
    free(text);
  }
  closedir(threads);
  return found;
}

static int by_rank(const void *a, const void *b) {
  return ((const peer *)a)->rank - ((const peer *)b)->rank;
}

/// The ranks of a job; returns how many.
static int find(const char *job, peer *peers) {
  DIR *processes = opendir("/proc");
  if (!processes) return 0;
  int count = 0;
  struct dirent *entry;
  while ((entry = readdir(processes))) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    char path[300];
    size_t length;
    snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
    char *block = contents(path, &length);
    const char *name = block ? value(block, length, "PMIX_NAMESPACE") : NULL;
    const char *number = name && strcmp(name, job) == 0 ? value(block, length, "PMIX_RANK") : NULL;
    if (number) {
      int rank = atoi(number), place = 0;
      while (place < count && peers[place].rank != rank) place++;
      if (place == count && count < MOST_RANKS) peers[count++] = (peer){.rank = rank};
      if (place < count) {
        char letter = state(entry->d_name);
        if (letter == 'T') {
          peers[place].stopped = 1;
          peers[place].process = atol(entry->d_name);
        } else if (letter != 'Z' && !peers[place].stopped) {
          peers[place].process = atol(entry->d_name);
        }
        if (waits(entry->d_name)) peers[place].waits = 1;
      }
    }
    free(block);
  }
  closedir(processes);
  qsort(peers, (size_t)count, sizeof *peers, by_rank);
  return count;
}

int torus_peers_missing(
  torus_peers *own, const char *call, char *text, size_t bytes, int *ranks, int limit
) {
  const char *job = getenv("PMIX_NAMESPACE"), *number = getenv("PMIX_RANK");
  if (!number) number = getenv("PMI_RANK");
  own->rank = number ? atoi(number) : 0;
  if (!job) return 0;
  peer *peers = calloc(MOST_RANKS, sizeof *peers);
  int count = peers ? find(job, peers) : 0, missing = 0, stopped = 0;
  for (int i = 0; i < count; i++) stopped += peers[i].stopped;
  size_t used = 0;
  text[0] = 0;
  for (int i = 0; i < count && missing < limit; i++) {
    const peer *p = &peers[i];
    // One that is stopped explains all others.
    if (p->rank == own->rank || !p->process || (stopped ? !p->stopped : p->waits)) continue;
    int length = snprintf(
      text + used, bytes - used, p->stopped ? "%srank %d (process %ld is stopped)"
                                            : "%srank %d (process %ld is not in %s)",
      used ? ", " : "", p->rank, p->process, call);
    if (length < 0 || used + (size_t)length >= bytes) break;
    used += (size_t)length;
    ranks[missing++] = p->rank;
  }
  text[used] = 0;
  free(peers);
  return missing;
}
