package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// timed runs a step and says what it took, its peak of memory beginning from now.
func timed(objects *directory, do func() error) (step, error) {
	debug.FreeOSMemory()
	// 5 sets the peak of resident memory to what is resident; see proc(5).
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return step{}, fmt.Errorf("resetting the peak of memory: %w", err)
	}
	requests, cpu, began := objects.requests, processor(), time.Now()
	if err := do(); err != nil {
		return step{}, err
	}
	s := step{Seconds: time.Since(began).Seconds(), CPU: (processor() - cpu).Seconds(), Objects: objects.requests - requests}
	var err error
	s.PeakMiB, err = peak()
	return s, err
}

func processor() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0 // there is no other way to fail but a wrong argument
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// peak is the most memory that was resident, in MiB.
func peak() (float64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("reading the peak of memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("this system does not say how much memory a process took")
}
