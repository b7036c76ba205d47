#ifdef __linux__
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "CProcess.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int torus_allowed_cores(pid_t process) {
#ifdef __linux__
  for (int cores = 1024; cores <= 1 << 20; cores *= 2) {
    size_t size = CPU_ALLOC_SIZE(cores);
    cpu_set_t *mask = CPU_ALLOC(cores);
    if (mask && sched_getaffinity(process, size, mask) == 0) {
      int count = CPU_COUNT_S(size, mask);
      CPU_FREE(mask);
      return count > 0 ? count : 1;
    }
    int code = errno;
    CPU_FREE(mask);
    if (code != EINVAL) break;
  }
#else
  (void)process;
#endif
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int)count : 1;
}

/// The first line of a small file without its newline; whether there is one.
static int first_line(char *line, size_t bytes, const char *path) {
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  int found = fgets(line, (int)bytes, file) != NULL;
  fclose(file);
  if (found) line[strcspn(line, "\n")] = 0;
  return found;
}

/// What one group's folder allows, 0 for no limit.
static double quota_of_folder(const char *folder, int version) {
  char path[4200], line[128];
  double quota = 0, period = 0;
  if (version == 2) {
    // "200000 100000", or "max 100000".
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!first_line(line, sizeof line, path)) return 0;
    if (sscanf(line, "%lf %lf", &quota, &period) != 2) return 0;
  } else {
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!first_line(line, sizeof line, path)) return 0;
    quota = atof(line);  // -1 for none
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!first_line(line, sizeof line, path)) return 0;
    period = atof(line);
  }
  return quota > 0 && period > 0 ? quota / period : 0;
}

/// The least along the way from a group up to the root of its hierarchy. Within a container the path may
/// be the host's, which is not there: the container's own limits then lie at the root.
static double quota_of_path(const char *root, const char *group, int version) {
  char folder[4096];
  int length = snprintf(folder, sizeof folder, "%s%s", root, strcmp(group, "/") ? group : "");
  if (length < 0 || length >= (int)sizeof folder) return 0;
  double least = 0;
  for (;;) {
    double quota = quota_of_folder(folder, version);
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
    if (strlen(folder) <= strlen(root)) return least;
    *strrchr(folder, '/') = 0;
  }
}

/// Whether a comma-separated list of controllers has "cpu".
static int lists_cpu(const char *controllers) {
  for (const char *word = controllers; word; word = strchr(word, ',')) {
    if (*word == ',') word++;
    if (strncmp(word, "cpu", 3) == 0 && (word[3] == 0 || word[3] == ',')) return 1;
  }
  return 0;
}

double torus_core_quota(const char *groups, const char *root) {
  if (!groups) groups = "/proc/self/cgroup";
  if (!root) root = "/sys/fs/cgroup";
  FILE *file = fopen(groups, "re");
  if (!file) return 0;
  char line[4096], folder[4096];
  double least = 0;
  while (fgets(line, sizeof line, file)) {
    // "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.
    line[strcspn(line, "\n")] = 0;
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!path || path[1] != '/') continue;
    *path++ = 0;
    controllers++;
    double quota = 0;
    if (!*controllers) {
      quota = quota_of_path(root, path, 2);
    } else if (lists_cpu(controllers)) {
      snprintf(folder, sizeof folder, "%s/cpu", root);
      quota = quota_of_path(folder, path, 1);
      if (quota == 0) {
        snprintf(folder, sizeof folder, "%s/%s", root, controllers);
        quota = quota_of_path(folder, path, 1);
      }
    }
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
  }
  fclose(file);
  return least;
}

double torus_usable_cores(pid_t process) {
  double cores = torus_allowed_cores(process), quota = torus_core_quota(NULL, NULL);
  return quota > 0 && quota < cores ? quota : cores;
}
