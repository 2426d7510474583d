// A stand-in for an OpenBLAS built without threads, of which only that question is asked.

#define MDGPS_SHOWN extern "C" __attribute__((visibility("default")))

MDGPS_SHOWN int openblas_get_parallel() { return 0; }
MDGPS_SHOWN void sgemm_() {}
MDGPS_SHOWN void strsm_() {}
MDGPS_SHOWN void spotrf_() {}
MDGPS_SHOWN void dgemm_() {}
MDGPS_SHOWN void dtrsm_() {}
MDGPS_SHOWN void dpotrf_() {}
