/* Time since an arbitrary start, in seconds; never goes backwards. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

double clock_now_s(void);

#endif
