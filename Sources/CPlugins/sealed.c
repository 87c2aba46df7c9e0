// Files that only this process can change.
#define _GNU_SOURCE
#include "nnexp_sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__

// Since Linux 6.3: the file cannot be made executable. Earlier kernels refuse the flag.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

static int new_file(const char *name) {
  int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (file < 0 && errno == EINVAL) file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return file;
}

static int seal(int file) {
  return fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

#else

// A temporary file, because the loader needs a path. Only its owner can read it.
static int new_file(const char *name) {
  const char *folder = getenv("TMPDIR");
  char path[1024];
  snprintf(path, sizeof path, "%s/nnexp-XXXXXX", folder ? folder : "/tmp");
  (void)name;
  int file = mkstemp(path);
  if (file >= 0) fcntl(file, F_SETFD, FD_CLOEXEC);
  return file;
}

static int seal(int file) { return fchmod(file, S_IRUSR); }

#endif

int nnexp_sealed_file(const char *name, const void *bytes, size_t count) {
  int file = new_file(name);
  if (file < 0) return -1;
  for (size_t sent = 0; sent < count;) {
    ssize_t written = write(file, (const char *)bytes + sent, count - sent);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) goto fail;
    sent += (size_t)written;
  }
  if (seal(file) == 0) return file;
fail:;
  int code = errno;
  close(file);
  errno = code;
  return -1;
}
