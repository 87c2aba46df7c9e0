// The words that the process was started with, without a look at /proc.
#pragma once

int nnexp_argument_count(void);

char *const *nnexp_arguments(void);
