// Files that exist only in this process.
#define _GNU_SOURCE
#include "nnexp_sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

// Since Linux 6.3: the file cannot be made executable. Earlier kernels refuse the flag.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

int nnexp_sealed_file(const char *name, const void *bytes, size_t count) {
  int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (file < 0 && errno == EINVAL) file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return -1;
  for (size_t sent = 0; sent < count;) {
    ssize_t written = write(file, (const char *)bytes + sent, count - sent);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) goto fail;
    sent += (size_t)written;
  }
  if (fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
    return file;
fail:;
  int code = errno;
  close(file);
  errno = code;
  return -1;
}
