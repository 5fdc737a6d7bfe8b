/** Reason of an abort that ends only a wait. The default reason is an error that is made with its stack each time. */
export const OVER = 'no longer waited for';
