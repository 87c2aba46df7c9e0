import Glibc
import NNExp

/// Sets bytes to 0; large ranges on all cores.
func clear(_ start: UnsafeMutableRawPointer, _ count: Int) {
  let size = 1 << 17
  if count <= 2 * size {
    memset(start, 0, count)
    return
  }
  Workers.perform((count + size - 1) / size) { part in
    let first = part * size
    memset(start + first, 0, min(size, count - first))
  }
}
