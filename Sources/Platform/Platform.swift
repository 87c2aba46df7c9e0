// The C library of the system. A module that calls it imports this one, so that only this file
// names the library of each system.
#if canImport(Glibc)
  @_exported public import Glibc
#elseif canImport(Musl)
  @_exported public import Musl
#elseif canImport(Darwin)
  @_exported public import Darwin
#else
  #error("nnexp needs the C library of Linux or macOS")
#endif
