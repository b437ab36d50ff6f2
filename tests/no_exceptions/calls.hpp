// What the program calls: its errors, by number, and calls without one.
#ifndef ROPEWALK_TESTS_NO_EXCEPTIONS_CALLS_HPP
#define ROPEWALK_TESTS_NO_EXCEPTIONS_CALLS_HPP

constexpr int error_count = 8;

/// Makes that mistake; does not return.
void call_wrongly(int error);

/// The hash of what every form makes of the same tensor.
unsigned long long hash_of_sound_calls();

#endif  // ROPEWALK_TESTS_NO_EXCEPTIONS_CALLS_HPP
