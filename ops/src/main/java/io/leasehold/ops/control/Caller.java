package io.leasehold.ops.control;

/**
 * Who is at the other end of the socket, as the kernel says (SO_PEERCRED).
 *
 * @param user name of the effective user
 * @param group name of its effective group
 */
public record Caller(String user, String group) {
    @Override
    public String toString() {
        return user + ":" + group;
    }
}
