//go:build unix

// Package process starts child processes that do not outlive their parent.
package process

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"
)

var errClosed = errors.New("the nursery is closed")

// Nursery starts children, each in a process group of its own, so that a Ctrl-C in the terminal reaches only the parent,
// which then ends them in order. On Linux the kernel also kills them when the parent is killed.
type Nursery struct {
	births chan birth
	closed chan struct{}
	ended  chan struct{}
}

type birth struct {
	cmd *exec.Cmd
	err chan error
}

// NewNursery returns an open nursery.
func NewNursery() *Nursery {
	n := &Nursery{births: make(chan birth), closed: make(chan struct{}), ended: make(chan struct{})}
	go n.run()
	return n
}

// run starts every child from one thread, because Linux sends the parent-death signal when the *thread* that started
// the child ends, and Go ends threads as it likes. The thread is locked and not unlocked, so it lives as long as this loop.
func (n *Nursery) run() {
	runtime.LockOSThread()
	defer close(n.ended)
	for {
		select {
		case b := <-n.births:
			b.err <- b.cmd.Start()
		case <-n.closed:
			return
		}
	}
}

// Start starts the command. The caller waits for it.
func (n *Nursery) Start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = attributes()
	b := birth{cmd: cmd, err: make(chan error, 1)}
	select {
	case n.births <- b:
		return <-b.err
	case <-n.closed:
		return errClosed
	}
}

// Close ends the nursery. On Linux, children that are still alive are killed.
func (n *Nursery) Close() {
	close(n.closed)
	<-n.ended
}

// Signal sends a signal to a started command's whole process group.
func Signal(cmd *exec.Cmd, sig syscall.Signal) error { return syscall.Kill(-cmd.Process.Pid, sig) }
