#include <xmmintrin.h>
void s(unsigned v){_mm_setcsr(v);} unsigned g(){return _mm_getcsr();}