package io.leasehold.heartbeat.controller;

/** One command of an operator that waits for its answer; unique within a process. */
public record CommandId(long value) {}
