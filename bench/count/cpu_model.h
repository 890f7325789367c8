/* The processor's name for people. Driver only; reads files. */
#ifndef COUNT_CPU_MODEL_H
#define COUNT_CPU_MODEL_H

#include <stddef.h>

/* "AMD EPYC 9R14", "Neoverse-N1", "Raspberry Pi 4 Model B Rev 1.1 (Cortex-A72)"; "" not known. */
void cpu_model_read(const char *root, char *buf, size_t size);

#endif
