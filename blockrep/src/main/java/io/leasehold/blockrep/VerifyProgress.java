package io.leasehold.blockrep;

/** How far an online verification has come. Called on the thread that verifies. */
@FunctionalInterface
public interface VerifyProgress {
    /**
     * Some more was compared.
     *
     * @param totalBytes in all files, as they were when it began
     */
    void compared(long doneBytes, long totalBytes);
}
