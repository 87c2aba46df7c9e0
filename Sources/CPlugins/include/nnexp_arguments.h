// The words with which the process was started, without reading /proc.
#pragma once

int nnexp_argument_count(void);

char *const *nnexp_arguments(void);
