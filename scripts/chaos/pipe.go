package main

import (
	"io"
	"net"
	"sync"
)

// pipe carries connections to a target.
type pipe struct {
	weather *weather
	service string
	target  string

	mu     sync.Mutex
	closed bool
	open   []net.Conn
}

// carry passes bytes both ways until either side ends, or the weather breaks the connection: that may be at any of its answers.
func (p *pipe) carry(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil || !p.keep(client, server) {
		_ = client.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(server, client); _ = server.Close() })
	both.Go(func() { p.answer(client, server); _ = client.Close() })
	both.Wait()
}

func (p *pipe) answer(client, server net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := server.Read(buffer)
		if n > 0 && p.weather.pick(p.service, reset) == reset {
			return
		}
		if _, failed := client.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

// keep notes connections for close; false when that was already.
func (p *pipe) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, conns...)
	return !p.closed
}

func (p *pipe) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, conn := range p.open {
		_ = conn.Close()
	}
}
