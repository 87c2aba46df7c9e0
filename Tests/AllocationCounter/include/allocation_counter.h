#pragma once

/// How often this thread has asked the C library for memory since it started.
long allocations_on_this_thread(void);
